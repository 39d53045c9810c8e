import type { VenueId } from '../../domain/instrument.ts';
import type { Connection } from '../connection.ts';
import type { VenueHost } from '../venue-host.ts';
import type { SimulatedVenue } from '../venue-protocol.ts';
import type { FaultCommand } from './fault-command.ts';
import type { Interference } from './interference.ts';

export interface FaultContext {
  readonly venue: SimulatedVenue;
  readonly command: FaultCommand;
  /** The connections that the command's `line` selects. */
  readonly connections: readonly Connection[];
  /** The present time, milliseconds since 1970. */
  readonly now: number;
  /** Mixes `count` broken or unknown frames into the good frames of a connection. */
  readonly mixIn: (connection: Connection, kind: 'malformed' | 'unknown', count: number) => void;
}

export interface SimulatedFault {
  readonly description: string;
  readonly parameters: readonly ('line' | 'channel' | 'symbol' | 'seconds' | 'status' | 'count' | 'bps')[];
  /** The venues at which the fault can be started; all by default. */
  readonly venues?: readonly VenueId[];
  /** True if the fault lasts until its seconds are over or it is cleared. Otherwise it happens once. */
  readonly lasting?: true;
  /** The required parameters. */
  readonly needs?: readonly ('channel' | 'symbol' | 'bps')[];
  /** Name of the fault that this fault ends, at the same venue and symbol. */
  readonly ends?: string;
  /** Seconds that the fault lasts if the command names none. Without this, it lasts until it is cleared. */
  readonly defaultSeconds?: number;
  readonly start?: (context: FaultContext) => void;
  readonly end?: (context: FaultContext) => void;
  /** Sets the fault's lasting effect on the venue. */
  readonly onVenue?: (host: VenueHost, command: FaultCommand) => void;
  /** Sets the fault's lasting effect on one connection. */
  readonly onConnection?: (interference: Interference, command: FaultCommand) => void;
}

export type SimulatedFaults = Readonly<Record<string, SimulatedFault>>;

export function reset(connections: readonly Connection[]): void {
  for (const { socket } of [...connections]) socket.resetAndDestroy();
}
