import { duration } from '../../domain/duration.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Channel } from '../../domain/instrument.ts';
import type { MarketEvent } from '../../domain/market-event.ts';
import type { RawFrame, VenueEvent } from '../../domain/venue-event.ts';
import { kindOf } from '../../feed/liveness/channel-kinds.ts';
import type { ConnectionPlan } from '../../venues/connection/plan-connections.ts';
import { count } from '../terminal/number-text.ts';
import { firstOf } from './check-item.ts';

/** Longest time until a subscription is acknowledged, a channel has data, and a ping is answered. Milliseconds. */
const ANSWER_WITHIN_MS = 10_000;
const DATA_WITHIN_MS = 10_000;
const PONG_WITHIN_MS = 5000;
/** Maximum bytes of an unknown frame that the table shows. */
const FRAME_CHARACTERS = 120;

interface Data {
  readonly firstMs: number;
  readonly symbols: Set<string>;
  events: number;
}

interface Counted {
  count: number;
  /** The beginning of the first such frame. */
  readonly frame: string;
}

/** The part of a check item that is about one connection. */
export interface Finding {
  readonly isGood: boolean;
  readonly text: string;
}

const good = (text: string): Finding => ({ isGood: true, text });
const bad = (text: string): Finding => ({ isGood: false, text });

/** What one connection of a check received. Times are milliseconds of any monotonic clock. */
export class CheckedConnection {
  readonly plan: ConnectionPlan;
  readonly name: string;
  readonly #startedAt: number;
  #connectedAt: number | undefined;
  #acknowledgedAt = 0;
  #endedAt: number | undefined;
  #end = '';
  frames = 0;
  #frame: RawFrame | undefined;
  readonly #acknowledged = new Set<string>();
  /** Refused topics by the reason. */
  readonly #refused = new Map<string, string[]>();
  readonly #malformed: string[] = [];
  readonly #ignored = new Map<string, Counted>();
  readonly #warnings = new Map<string, number>();
  readonly #closing: string[] = [];
  readonly #data = new Map<string, Data>();
  /** When the unanswered pings were sent. */
  readonly #pings: number[] = [];
  #pongs = 0;
  #slowestPongMs = 0;

  constructor(plan: ConnectionPlan, startedAt: number) {
    this.plan = plan;
    this.name = `line ${plan.line + 1}${plan.group === 0 ? '' : ` of group ${plan.group + 1}`}`;
    this.#startedAt = startedAt;
  }

  /** Counts and keeps a frame. Call it before `event` for the frame's events. */
  frame(frame: RawFrame): void {
    this.frames++;
    this.#frame = frame;
  }

  pinged(at: number): void {
    this.#pings.push(at);
  }

  event(event: VenueEvent, at: number): void {
    switch (event.kind) {
      case 'value':
        if (event.warning !== undefined)
          this.#warnings.set(event.warning, (this.#warnings.get(event.warning) ?? 0) + 1);
        for (const one of event.value) this.#received(one, at);
        return;
      case 'connected':
        this.#connectedAt = at;
        return;
      case 'disconnected':
        this.#endedAt = at;
        this.#end = event.fault.message;
        return;
      case 'subscribed':
        this.#acknowledgedAt = at;
        for (const topic of event.topics) this.#acknowledged.add(topic);
        return;
      case 'refused':
        getOrCreate(this.#refused, event.fault.message, () => []).push(...event.topics);
        return;
      case 'answered':
        if (event.what === 'pong') this.#answered(at);
        return;
      case 'malformed':
        this.#malformed.push(`${event.fault.message}: ${this.#frameText()}`);
        return;
      case 'ignored':
        this.#ignore(event.reason);
        return;
      case 'closing':
        this.#closing.push(event.reason);
    }
  }

  get wasOpen(): boolean {
    return this.#connectedAt !== undefined;
  }

  handshake(): Finding {
    if (this.#connectedAt !== undefined) return good(duration(this.#connectedAt - this.#startedAt));
    return bad(this.#end === '' ? 'not open yet' : this.#end);
  }

  held(endAt: number): Finding {
    const open = duration((this.#endedAt ?? endAt) - (this.#connectedAt ?? endAt));
    return this.#endedAt === undefined ? good(open) : bad(`ended after ${open}: ${this.#end}`);
  }

  acknowledgement(): Finding {
    const { topics } = this.plan;
    const missing = topics.filter((topic) => !this.#acknowledged.has(topic));
    const took = duration(this.#acknowledgedAt - (this.#connectedAt ?? 0));
    if (this.#refused.size > 0) return bad(firstOf([...this.#refused].map(refusedText)));
    if (missing.length > 0)
      return bad(`no answer for ${missing.length === topics.length ? 'any topic' : firstOf(missing)}`);
    if (this.#acknowledgedAt - (this.#connectedAt ?? 0) > ANSWER_WITHIN_MS) return bad(`only after ${took}`);
    return good(`${count(topics.length)} topics after ${took}`);
  }

  data(of: string): Finding {
    const data = this.#data.get(of);
    if (data === undefined) return bad('no data');
    const tookMs = data.firstMs - (this.#connectedAt ?? 0);
    if (tookMs > DATA_WITHIN_MS) return bad(`first data only after ${duration(tookMs)}`);
    return good(`${count(data.events)} events after ${duration(tookMs)}`);
  }

  heartbeats(endAt: number): Finding {
    if (this.#pongs + this.#pings.length === 0) return good('no ping sent yet');
    if (this.#pongs === 0) return bad(`no answer to ${this.#pings.length} pings`);
    const [oldest = endAt] = this.#pings;
    const slowestMs = Math.max(this.#slowestPongMs, endAt - oldest);
    if (slowestMs > PONG_WITHIN_MS) return bad(`an answer took ${duration(slowestMs)} or longer`);
    return good(`${duration(this.#slowestPongMs)} at most`);
  }

  get malformed(): readonly string[] {
    return this.#malformed;
  }

  /** Unknown frames by reason, warnings and announcements. */
  notes(): readonly string[] {
    return [
      ...[...this.#ignored].map(([reason, { count, frame }]) => `${reason} ${count} times, first ${frame}`),
      ...[...this.#warnings].map(([warning, times]) => `${warning} ${times} times`),
      ...this.#closing.map((reason) => `the venue announces: ${reason}`),
    ].map((text) => `${this.name}: ${text}`);
  }

  symbolsWith(of: string): ReadonlySet<string> {
    return this.#data.get(of)?.symbols ?? new Set();
  }

  #received(event: MarketEvent, at: number): void {
    const of = dataOf(event);
    const data = this.#data.get(of);
    if (data === undefined) this.#data.set(of, { firstMs: at, symbols: new Set([event.symbol]), events: 1 });
    else {
      data.events++;
      data.symbols.add(event.symbol);
    }
  }

  #answered(at: number): void {
    const sentAt = this.#pings.shift();
    if (sentAt === undefined) return;
    this.#pongs++;
    this.#slowestPongMs = Math.max(this.#slowestPongMs, at - sentAt);
  }

  #ignore(reason: string): void {
    const known = this.#ignored.get(reason);
    if (known === undefined) this.#ignored.set(reason, { count: 1, frame: this.#frameText() });
    else known.count++;
  }

  #frameText(): string {
    const text = Buffer.from(this.#frame?.data ?? []).toString('utf8', 0, FRAME_CHARACTERS);
    return text.length < FRAME_CHARACTERS ? text : `${text}…`;
  }
}

/** The name under which an event is counted: its kind, and for a candle also the interval. */
function dataOf(event: MarketEvent): string {
  return event.kind === 'kline' ? `kline_${event.interval}` : event.kind;
}

/** The name under which a channel's events are counted. `ticker` and `mini_ticker` have the same events. */
export function dataOfChannel(channel: Channel): string {
  const kind = kindOf(channel);
  return kind === 'kline' ? channel : kind;
}

function refusedText([reason, topics]: readonly [reason: string, topics: readonly string[]]): string {
  return `refused: ${firstOf(topics)} (${reason})`;
}
