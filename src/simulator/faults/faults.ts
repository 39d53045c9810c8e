import type { Connection } from '../connection.ts';
import { VenueFaults } from '../venue-host.ts';
import type { SimulatedVenue } from '../venue-protocol.ts';
import { CONNECTION_FAULTS } from './connection-faults.ts';
import { BadFault, type FaultCommand, type FaultRequest, parseFault } from './fault-command.ts';
import { oddFrame } from './malformed.ts';
import { MARKET_FAULTS } from './market-faults.ts';
import type { FaultContext, SimulatedFault, SimulatedFaults } from './simulated-fault.ts';

/** Every fault by name. `GET /faults` shows this table. */
export const FAULT_KINDS: SimulatedFaults = { ...CONNECTION_FAULTS, ...MARKET_FAULTS };

/** A fault that was started at one venue. */
export interface ActiveFault {
  readonly id: number;
  readonly venue: string;
  readonly fault: string;
  readonly line: number | 'all';
  readonly symbol: string;
  /** When it ends, milliseconds since 1970; undefined: when it is cleared. */
  readonly endsAt: number | undefined;
  /** Numbers of the connections that it affected at its start. */
  readonly connections: readonly number[];
  /** Says that the fault found no connection, if it is a fault of connections. */
  readonly warning?: string;
}

interface Running extends Omit<FaultContext, 'now'> {
  /** The fault as the API lists it. */
  readonly fault: ActiveFault;
  readonly kind: SimulatedFault;
}

/** Broken or unknown frames that are mixed into the good frames of a connection. */
interface Mixed {
  readonly connection: Connection;
  readonly venue: SimulatedVenue;
  readonly kind: 'malformed' | 'unknown';
  readonly symbol: string;
  sent: number;
  readonly count: number;
}

const MIX_EVERY_MS = 5;

/** Starts and ends the faults of all venues. After each change, it applies all lasting faults again. */
export class Faults {
  private readonly venues: readonly SimulatedVenue[];
  private running: Running[] = [];
  private mixed: Mixed[] = [];
  private nextId = 1;
  private nextMix = 0;

  constructor(venues: readonly SimulatedVenue[]) {
    this.venues = venues;
  }

  /** All faults, for `GET /faults`. */
  describe(): { name: string; description: string; parameters: readonly string[]; venues: readonly string[] }[] {
    const all = this.venues.map(({ host }) => host.id);
    return Object.entries(FAULT_KINDS).map(([name, { description, parameters, venues = all }]) => {
      return { name, description, parameters, venues };
    });
  }

  get active(): ActiveFault[] {
    return this.running.map(({ fault }) => fault);
  }

  /** Starts a fault at each named venue. @throws BadFault if the fault is impossible */
  start(request: FaultRequest | unknown, now: number): ActiveFault[] {
    const command = parseFault(request, Object.keys(FAULT_KINDS));
    const kind = FAULT_KINDS[command.fault];
    if (kind === undefined) throw new RangeError(command.fault);
    const missing = kind.needs?.find((name) => (command[name] ?? '') === '');
    if (missing !== undefined) throw new BadFault(`${missing} is missing; ${command.fault} needs one`);
    const sites = this.venues.filter(({ host }) => command.venue === 'all' || host.id === command.venue);
    const able = sites.filter(({ host }) => kind.venues?.includes(host.spec.id) ?? true);
    if (able.length === 0)
      throw new BadFault(
        sites.length === 0
          ? `venue ${command.venue} is not served`
          : `${command.fault} is not a fault of ${command.venue}; allowed: ${kind.venues?.join(', ')}`,
      );
    if (command.symbol !== '' && !able.some(({ host }) => host.knows(command.symbol)))
      throw new BadFault(`symbol is ${JSON.stringify(command.symbol)}, which is not listed`);
    const met = able.filter(
      ({ host }) =>
        command.line === 'all' || !kind.parameters.includes('line') || host.marketConnections.length >= command.line,
    );
    if (met.length === 0)
      throw new BadFault(
        `line is ${command.line}, but ${command.venue} has ${able[0]?.host.marketConnections.length} open connections`,
      );
    try {
      return met.map((site) => this.startAt(site, kind, command, now));
    } finally {
      this.apply();
    }
  }

  /** Ends the faults of one venue, or of all, and resets the venues' request limits. */
  clear(now: number, venue?: string): void {
    this.end((running) => venue === undefined || running.fault.venue === venue, now);
    this.mixed = this.mixed.filter((mixed) => venue !== undefined && mixed.venue.host.id !== venue);
    for (const site of this.venues) {
      if (venue !== undefined && site.host.id !== venue) continue;
      site.rest.limit.clear();
      for (const connection of site.host.connections) connection.interference?.forget();
    }
    this.apply();
  }

  /** Applies the lasting faults to a new connection. */
  opened(): void {
    if (this.running.length > 0) this.apply();
  }

  /** Ends expired faults, and sends the broken or unknown frames that are due. */
  slice(now: number): void {
    if (this.mixed.length > 0 && now >= this.nextMix) this.mix(now);
    const before = this.running.length;
    this.end(({ fault: { endsAt } }) => endsAt !== undefined && endsAt <= now, now);
    if (this.running.length < before) this.apply();
  }

  private end(isOver: (running: Running) => boolean, now: number): void {
    const over = this.running.filter(isOver);
    if (over.length === 0) return;
    this.running = this.running.filter((running) => !over.includes(running));
    for (const running of over) running.kind.end?.({ ...running, now });
  }

  private startAt(venue: SimulatedVenue, kind: SimulatedFault, command: FaultCommand, now: number): ActiveFault {
    const { marketConnections, id } = venue.host;
    const connections =
      command.line === 'all' ? marketConnections : marketConnections.slice(command.line - 1, command.line);
    const seconds = command.seconds > 0 ? command.seconds : kind.defaultSeconds;
    const fault: ActiveFault = {
      id: this.nextId++,
      venue: id,
      fault: command.fault,
      line: command.line,
      symbol: command.symbol,
      endsAt: seconds === undefined ? undefined : now + seconds * 1_000,
      connections: connections.map(({ number }) => number),
      ...(connections.length === 0 && kind.parameters.includes('line') ? { warning: noConnection(id, kind) } : {}),
    };
    const symbol = command.symbol === '' ? firstSymbol(venue) : command.symbol;
    const mixIn: FaultContext['mixIn'] = (connection, odd, count) =>
      this.mixed.push({ connection, venue, kind: odd, symbol, sent: 0, count });
    const running = { fault, kind, venue, command, connections, mixIn };
    kind.start?.({ ...running, now });
    this.running = this.running.filter(
      (other) => !(other.fault.fault === kind.ends && other.venue === venue && other.fault.symbol === command.symbol),
    );
    if (kind.lasting === true) this.running.push(running);
    return fault;
  }

  private apply(): void {
    for (const { host } of this.venues) {
      host.faults = new VenueFaults();
      if (host.market !== undefined) host.market.paused = false;
      host.market?.pausedSymbols.clear();
      const here = this.running.filter(({ venue }) => venue.host === host);
      for (const { kind, command } of here) kind.onVenue?.(host, command);
      for (const connection of host.marketConnections)
        disturb(
          connection,
          here.filter(({ command, connections }) => command.line === 'all' || connections.includes(connection)),
        );
    }
  }

  private mix(now: number): void {
    this.nextMix = now + MIX_EVERY_MS;
    for (const mixed of this.mixed) {
      const { connection, kind, symbol, venue } = mixed;
      const { host } = venue;
      const { name, payload } = oddFrame(kind, host.spec.protocol, symbol, mixed.sent++, now);
      connection.inject(payload);
      host.journal?.event({ venue: host.id, symbol, kind, id: name, time: now, sent: `[${connection.number}]` });
    }
    this.mixed = this.mixed.filter(({ sent, count, connection }) => sent < count && connection.ws.readyState === 1);
  }
}

function noConnection(venue: string, { lasting }: SimulatedFault): string {
  const effect = lasting === true ? 'the fault waits for new connections' : 'the fault did nothing';
  return `no connection of ${venue} is open: ${effect}`;
}

function firstSymbol({ host }: SimulatedVenue): string {
  return host.market?.instruments[0]?.symbol ?? [...(host.capture?.symbols ?? [])][0] ?? 'BTCUSDT';
}

function disturb(connection: Connection, faults: readonly Running[]): void {
  const wasFrozen = connection.interference?.frozen === true;
  const lasting = faults.filter(({ kind }) => kind.onConnection !== undefined);
  const interference = lasting.length > 0 ? connection.disturb() : connection.interference;
  if (interference === undefined) return;
  interference.withholdsData = false;
  interference.frozen = false;
  interference.symbolsWithoutData = new Set();
  interference.mutedChannels = [];
  interference.bytesPerSecond = undefined;
  for (const { kind, command } of lasting) kind.onConnection?.(interference, command);
  if (interference.frozen && !wasFrozen) connection.freeze();
  if (!interference.frozen && wasFrozen) connection.thaw();
  if (interference.hasNoEffect) connection.interference = undefined;
}
