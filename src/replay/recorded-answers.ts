import type { CapturedAnswer, CapturedFault } from '../capture/capture-line.ts';
import type { CaptureLine } from '../capture/read-capture.ts';
import { Fault } from '../domain/fault.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { GetOptions } from '../net/get-json.ts';
import type { HttpAnswer } from '../net/http-request.ts';
import { push, remove } from './lists-by-key.ts';
import type { VirtualScheduler } from './virtual-scheduler.ts';

export type Body = Extract<CaptureLine, { kind: 'body' }>;

interface OpenRequest {
  readonly resolve: (answer: CapturedAnswer) => void;
}

/** An answer of the recording, whose requests only our own kind of recording names. */
interface Answer {
  readonly fits: (key: string) => boolean;
  readonly to: (key: string) => CapturedAnswer;
}

/** An answer is kept for a request that is made a little later than in the recording. */
const KEEP_ANSWER_MS = 10_000;

/** The REST interfaces of a recording: each request gets the recorded answer to its path, when that comes or has just come. */
export class RecordedAnswers {
  count = 0;
  readonly #scheduler: VirtualScheduler;
  /** Of a foreign recording, which has bodies of books alone and does not relate them to requests. */
  readonly #isForeign: boolean;
  /** By venue and path. */
  readonly #requests = new Map<string, OpenRequest[]>();
  /** What nobody has asked for yet. */
  #kept: { readonly at: number; readonly answer: Answer }[] = [];
  #settled = false;

  constructor(scheduler: VirtualScheduler, isForeign: boolean) {
    this.#scheduler = scheduler;
    this.#isForeign = isForeign;
  }

  /** True once after a request was answered: its promise has to get its turn before anything else happens. */
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
        reject(new Fault('connect_failed', 'the recording has no such REST answer', { retry: { kind: 'never' } }));
        return;
      }
      const request: OpenRequest = {
        resolve: (answer) => {
          over();
          if ('fault' in answer) reject(faultOf(answer.fault));
          else resolve(answer);
        },
      };
      const timer = this.#scheduler.schedule(() => {
        over();
        reject(new Fault('connect_timeout', `no answer to ${path} in the recording within ${timeoutMs} ms`));
      }, timeoutMs);
      const onAbort = (): void => {
        over();
        reject(signal?.reason);
      };
      const over = (): void => {
        this.#settled = true;
        timer.unsubscribe();
        signal?.removeEventListener('abort', onAbort);
        remove(this.#requests, key, request);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      push(this.#requests, key, request);
      this.#dropOld();
      const kept = this.#kept.find(({ answer }) => answer.fits(key));
      if (kept === undefined) return;
      this.#kept = this.#kept.filter((other) => other !== kept);
      request.resolve(kept.answer.to(key));
    });
  }

  take(connection: string, answer: CapturedAnswer): void {
    this.count++;
    const own = `${connection.slice(0, connection.indexOf(':'))} ${answer.path}`;
    this.#give({ fits: (key) => key === own, to: () => answer });
  }

  /** A foreign recording has the answer, not the request: whoever asks for such a thing at the time gets it. */
  takeBody(body: Body): void {
    this.#give({ fits: (key) => answersTo(key, body), to: (key) => answerOf(key, body) });
  }

  #give(answer: Answer): void {
    for (const [key, [request]] of this.#requests) {
      if (request === undefined || !answer.fits(key)) continue;
      request.resolve(answer.to(key));
      return;
    }
    this.#dropOld();
    this.#kept.push({ at: this.#scheduler.now(), answer });
  }

  #dropOld(): void {
    const since = this.#scheduler.now() - KEEP_ANSWER_MS;
    while ((this.#kept[0]?.at ?? since) < since) this.#kept.shift();
  }
}

/** What a foreign recording may have the answer to. */
const BOOK_PATH = /\/depth\?/;

function answersTo(key: string, { symbol }: Body): boolean {
  return BOOK_PATH.test(key) && (symbol === undefined || new RegExp(`[?&]symbol=${symbol}(&|$)`).test(key));
}

function answerOf(key: string, { body }: Body): CapturedAnswer {
  return { path: key.slice(key.indexOf(' ') + 1), status: 200, headers: {}, body };
}

export function faultOf({ kind, message, retry, status }: CapturedFault): Fault {
  return new Fault(kind, message, { retry, ...(status === undefined ? {} : { status }) });
}
