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

interface Kept<T> {
  readonly at: number;
  readonly value: T;
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
  readonly #answers: Kept<{ readonly key: string; readonly answer: CapturedAnswer }>[] = [];
  /** Bodies of a foreign recording that nobody has asked for yet. */
  readonly #bodies: Kept<Body>[] = [];
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
      const answer = takeFirst(this.#answers, (kept) => kept.key === key);
      if (answer !== undefined) request.resolve(answer.answer);
      const body = takeFirst(this.#bodies, (kept) => answersTo(key, kept));
      if (body !== undefined) request.resolve(answerOf(key, body));
    });
  }

  take(connection: string, answer: CapturedAnswer): void {
    this.count++;
    const key = `${connection.slice(0, connection.indexOf(':'))} ${answer.path}`;
    const request = this.#requests.get(key)?.[0];
    if (request !== undefined) {
      request.resolve(answer);
      return;
    }
    this.#dropOld();
    this.#answers.push({ at: this.#scheduler.now(), value: { key, answer } });
  }

  /** A foreign recording has the answer, not the request: whoever asks for such a thing at the time gets it. */
  takeBody(body: Body): void {
    for (const [key, [request]] of this.#requests) {
      if (request === undefined || !answersTo(key, body)) continue;
      request.resolve(answerOf(key, body));
      return;
    }
    this.#bodies.push({ at: this.#scheduler.now(), value: body });
  }

  #dropOld(): void {
    const since = this.#scheduler.now() - KEEP_ANSWER_MS;
    for (const kept of [this.#answers, this.#bodies])
      while ((kept[0]?.at ?? Number.POSITIVE_INFINITY) < since) kept.shift();
  }
}

function takeFirst<T>(kept: Kept<T>[], isMeant: (value: T) => boolean): T | undefined {
  const index = kept.findIndex(({ value }) => isMeant(value));
  return index === -1 ? undefined : kept.splice(index, 1)[0]?.value;
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
