import type { CapturedEnd, CapturedFault, CaptureMark } from '../capture/capture-row.ts';
import type { CaptureWriter } from '../capture/capture-writer.ts';
import { asFault, type Fault } from '../domain/fault.ts';
import type { VenueId } from '../domain/instrument.ts';
import { network, type VenueNetworks } from '../net/network.ts';
import type { SocketEnd } from '../net/open-socket.ts';
import type { WallClock } from '../net/wall-clock.ts';

export interface RecordOptions {
  readonly capture: Pick<CaptureWriter, 'frame' | 'mark'>;
  /** Gives the times of the marks, which are all rows that are not frames. */
  readonly clock: WallClock;
  /** Monotonic milliseconds, to detect steps of the wall clock. */
  readonly now: () => number;
  readonly restUrls: (venue: VenueId) => readonly string[];
  /** The recorded networks; the real network by default. */
  readonly networks?: VenueNetworks;
}

/** Smaller steps of the wall clock are not written, microseconds. */
const STEP_MICROS = 250_000;

/** Wraps the network and writes everything that arrives into a capture. */
export function recordNetworks(options: RecordOptions): VenueNetworks {
  const { capture, clock, now, restUrls, networks = () => network } = options;
  const names = new Set<string>();
  let offset = clock() - now() * 1000;

  /** If the wall clock has stepped, writes a mark about the step, before the next row. */
  function watchClock(atMicros: number): void {
    const step = Math.round(atMicros - now() * 1000 - offset);
    if (Math.abs(step) < STEP_MICROS) return;
    offset += step;
    capture.mark('clock', atMicros, { verb: 'clock', stepMicros: step });
  }

  function mark(connection: string, what: CaptureMark): void {
    const at = clock();
    watchClock(at);
    capture.mark(connection, at, what);
  }

  /**
   * Returns a name such as `binance:1`, for the venue's first line; if another open connection has this name,
   * `binance:1.2`.
   */
  function freeName(venue: VenueId, line: number): string {
    let name = `${venue}:${line}`;
    for (let more = 2; names.has(name); more++) name = `${venue}:${line}.${more}`;
    names.add(name);
    return name;
  }

  return (venue, line) => {
    const inner = networks(venue, line);
    return {
      open(url, socketOptions, handlers) {
        const name = freeName(venue, line);
        mark(name, { verb: 'connecting', url });
        const over = (what: CaptureMark): void => {
          if (!names.delete(name)) return;
          mark(name, what);
        };
        const socket = inner.open(url, socketOptions, {
          onOpen() {
            mark(name, { verb: 'connected' });
            handlers.onOpen();
          },
          onFrame(frame) {
            watchClock(frame.receivedAt);
            capture.frame(name, frame);
            handlers.onFrame(frame);
          },
          onPing() {
            mark(name, { verb: 'ping' });
            handlers.onPing();
          },
          onPong() {
            mark(name, { verb: 'pong' });
            handlers.onPong();
          },
          onEnd(end) {
            over({ verb: 'ended', end: capturedEnd(end) });
            handlers.onEnd(end);
          },
        });
        return {
          send: (text) => socket.send(text),
          ping: () => socket.ping(),
          close() {
            over({ verb: 'closed' });
            socket.close();
          },
        };
      },
      async get(url, getOptions) {
        const path = pathAfter(restUrls(venue), url);
        try {
          const answer = await inner.get(url, getOptions);
          mark(`${venue}:rest`, { verb: 'answer', answer: { path, ...answer } });
          return answer;
        } catch (error) {
          if (getOptions.signal?.aborted !== true)
            mark(`${venue}:rest`, { verb: 'answer', answer: { path, fault: capturedFault(asFault(error)) } });
          throw error;
        }
      },
    };
  };
}

/**
 * Returns the part of a REST address after the venue's base address. If several base addresses fit, the longest counts.
 */
export function pathAfter(restUrls: readonly string[], url: string): string {
  const bases = restUrls.map((base) => base.replace(/\/+$/, '')).filter((base) => url.startsWith(base));
  return url.slice(Math.max(0, ...bases.map(({ length }) => length)));
}

function capturedEnd(end: SocketEnd): CapturedEnd {
  return end.kind === 'refused' ? end : { ...end, fault: capturedFault(end.fault) };
}

function capturedFault({ kind, message, retry, status }: Fault): CapturedFault {
  return { kind, message, retry, status };
}
