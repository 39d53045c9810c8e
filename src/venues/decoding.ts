import { asFault, Fault } from '../domain/fault.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { DataWarning, MarketEvent, RawFrame } from '../domain/line.ts';
import type { Environment } from '../domain/record.ts';
import type { Decoded, Decoder } from './contract.ts';

/** What every event of a connection's frame says of its origin. */
export interface Origin {
  readonly venue: VenueId;
  readonly environment: Environment;
}

export type ReadFrame = (frame: RawFrame) => Decoded;

/** A decoder that never throws: what `read` throws becomes `malformed`. */
export function safely(read: ReadFrame): Decoder {
  return (frame) => {
    try {
      return read(frame);
    } catch (error) {
      return malformedFrame(error);
    }
  };
}

/** What was thrown while a frame was read, as the frame's meaning. `symbol`: canonical, where the frame had told it before. */
export function malformedFrame(error: unknown, symbol?: string): Decoded {
  const fault =
    error instanceof Fault
      ? error
      : new Fault('malformed', `frame cannot be read: ${asFault(error).message}`, {
          retry: { kind: 'never' },
          cause: error,
        });
  return symbol === undefined ? { kind: 'malformed', fault } : { kind: 'malformed', fault, symbol };
}

export function decodedEvents(events: readonly MarketEvent[], warning?: DataWarning): Decoded {
  return warning === undefined ? { kind: 'events', events } : { kind: 'events', events, warning };
}

export function ignored(reason: string): Decoded {
  return { kind: 'ignored', reason };
}
