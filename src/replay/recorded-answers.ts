import type { CapturedAnswer, CapturedFault } from '../capture/capture-row.ts';
import type { CaptureRow } from '../capture/read-capture.ts';
import { Fault } from '../domain/fault.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { GetOptions } from '../net/get-json.ts';
import type { HttpAnswer } from '../net/http-request.ts';
import type { VirtualScheduler } from '../net/virtual-scheduler.ts';

/* Answers the REST requests of a replay from its capture. */

type Body = Extract<CaptureRow, { kind: 'body' }>;

interface OpenRequest {
  /** Venue and path, with a space between. */
  readonly key: string;
  readonly resolve: (answer: CapturedAnswer) => void;
}

/** A recorded answer without a request so far. */
interface KeptAnswer {
  readonly at: number;
  readonly fits: (key: string) => boolean;
  readonly answer: CapturedAnswer;
}

/** Requests for books. A capture in another format can answer only these. */
const BOOK_PATH = /\/depth\?/;
/** How long a recorded answer waits for a request that comes later than in the capture, milliseconds. */
const KEEP_ANSWER_MS = 10_000;

/**
 * Answers REST requests from a capture: each request gets the next recorded answer to its path, or one from the last 10
 * s.
 */
export class RecordedAnswers {
  readonly #scheduler: VirtualScheduler;
  /** True for a capture in another format: it has only bodies of books, without their requests. */
  readonly #isForeign: boolean;
  readonly #requests = new Set<OpenRequest>();
  #kept: KeptAnswer[] = [];
  #settled = false;

  constructor(scheduler: VirtualScheduler, isForeign: boolean) {
    this.#scheduler = scheduler;
    this.#isForeign = isForeign;
  }

  /** Returns true once after a request ended, because its promises have to run before the next row is played. */
  takeSettled(): boolean {
    const settled = this.#settled;
    this.#settled = false;
    return settled;
  }

  get(venue: VenueId, path: string, { timeoutMs, signal }: GetOptions): Promise<HttpAnswer> {
    const key = `${venue} ${path}`;
    return new Promise((resolve, reject) => {
      if (this.#isForeign && !BOOK_PATH.test(path)) {
        this.#settled = true;
        reject(new Fault('connect_failed', 'the capture has no such REST answer', { retry: { kind: 'never' } }));
        return;
      }
      const request: OpenRequest = {
        key,
        resolve: (answer) => {
          over();
          if ('fault' in answer) reject(faultOf(answer.fault));
          else resolve(answer);
        },
      };
      const timer = this.#scheduler.schedule(() => {
        over();
        reject(new Fault('connect_timeout', `no answer to ${path} in the capture within ${timeoutMs} ms`));
      }, timeoutMs);
      const onAbort = (): void => {
        over();
        reject(signal?.reason);
      };
      const over = (): void => {
        this.#settled = true;
        timer.unsubscribe();
        signal?.removeEventListener('abort', onAbort);
        this.#requests.delete(request);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#requests.add(request);
      this.#dropOld();
      const kept = this.#kept.find(({ fits }) => fits(key));
      if (kept === undefined) return;
      this.#kept = this.#kept.filter((other) => other !== kept);
      request.resolve(kept.answer);
    });
  }

  take(connection: string, answer: CapturedAnswer): void {
    const own = `${connection.slice(0, connection.indexOf(':'))} ${answer.path}`;
    this.#give((key) => key === own, answer);
  }

  /** Answers a request for a book of the same symbol with a body from a capture in another format. */
  takeBody({ body, symbol }: Body): void {
    const isOfSymbol = new RegExp(symbol === undefined ? '' : `[?&]symbol=${symbol}(&|$)`);
    const answer = { path: '', status: 200, headers: {}, body };
    this.#give((key) => BOOK_PATH.test(key) && isOfSymbol.test(key), answer);
  }

  #give(fits: (key: string) => boolean, answer: CapturedAnswer): void {
    const request = this.#requests.values().find(({ key }) => fits(key));
    if (request !== undefined) {
      request.resolve(answer);
      return;
    }
    this.#dropOld();
    this.#kept.push({ at: this.#scheduler.now(), fits, answer });
  }

  #dropOld(): void {
    const since = this.#scheduler.now() - KEEP_ANSWER_MS;
    while ((this.#kept[0]?.at ?? since) < since) this.#kept.shift();
  }
}

export function faultOf({ kind, message, retry, status }: CapturedFault): Fault {
  return new Fault(kind, message, { retry, ...(status === undefined ? {} : { status }) });
}
