import type { VenueId } from '../../domain/instrument.ts';
import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import type { SimulatedVenue } from '../venue-protocol.ts';
import type { FaultCommand } from './fault-command.ts';
import type { Interference } from './interference.ts';

export interface FaultContext {
  readonly venue: SimulatedVenue;
  readonly command: FaultCommand;
  /** The connections that the command means. */
  readonly connections: readonly Connection[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Queues frames to be mixed in between the good ones of a connection. */
  readonly mixIn: (connection: Connection, kind: 'malformed' | 'unknown', count: number) => void;
}

export interface SimulatedFault {
  readonly description: string;
  /** What it takes besides venue, fault and seconds. */
  readonly parameters: readonly ('line' | 'symbol' | 'seconds' | 'status' | 'count')[];
  /** The venues that have it; all where undefined. */
  readonly venues?: readonly VenueId[];
  /** Kept until its seconds are over or it is cleared; otherwise it happens once. */
  readonly lasting?: true;
  /** Without a symbol it means nothing. */
  readonly needsSymbol?: true;
  /** The fault of the same venue and symbol that is over when it happens. */
  readonly ends?: string;
  /** Seconds where none are given and it must end. */
  readonly defaultSeconds?: number;
  /** Done at the start, and at the end. */
  readonly start?: (context: FaultContext) => void;
  readonly end?: (context: FaultContext) => void;
  /** What it sets while it lasts, on the venue and on each connection it means. */
  readonly onVenue?: (host: VenueHost, command: FaultCommand) => void;
  readonly onLine?: (interference: Interference, command: FaultCommand) => void;
}

export type SimulatedFaults = Readonly<Record<string, SimulatedFault>>;

export function reset(connections: readonly Connection[]): void {
  for (const { socket } of [...connections]) socket.resetAndDestroy();
}
