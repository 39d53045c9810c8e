import { Observable, type SchedulerLike } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import { getJson } from '../../net/get-json.ts';
import type { RestRequest, Venue } from '../contract.ts';

interface SparingOptions {
  readonly leaves?: number;
  readonly onSent?: () => void;
}

/** Sends requests to one venue's REST interface, within its weight budget and rate limits. */
export class VenueRest {
  readonly #venue: Venue;
  readonly #restUrl: string;
  readonly #scheduler: SchedulerLike;
  readonly #get: typeof getJson;
  /** Weight at once, and weight that returns in a millisecond: half of the limit each, so no minute exceeds it. */
  readonly #burst: number;
  readonly #perMs: number;
  /** Remaining weight; negative while requests wait. */
  #weight: number;
  #countedAt: number;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #sentWeight = 0;

  /** @param share part of the venue's limits, above 0 to 1, if others use the same address */
  constructor(venue: Venue, restUrl: string, scheduler: SchedulerLike, get: typeof getJson = getJson, share = 1) {
    this.#venue = venue;
    this.#restUrl = restUrl.replace(/\/+$/, '');
    this.#scheduler = scheduler;
    this.#get = get;
    this.#perMs = (venue.restWeightPerMinute * share) / 2 / 60_000;
    this.#burst = (venue.restBurst ?? venue.restWeightPerMinute / 2) * share;
    this.#weight = this.#burst;
    this.#countedAt = scheduler.now();
  }

  get sentWeight(): number {
    return this.#sentWeight;
  }

  /** Sends the request for each subscription; errors are Faults. `onSent` is called when it leaves the queue. */
  ask$<T>(request: RestRequest<T>, timeoutMs = 10_000, onSent?: () => void): Observable<T> {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      let sent = false;
      subscriber.add(() => {
        abort.abort();
        if (!sent) this.#weight += request.weight;
      });
      const send = (): void => {
        const waitMs = this.#blockedUntil - this.#scheduler.now();
        if (waitMs > 0) {
          subscriber.add(this.#scheduler.schedule(send, waitMs));
          return;
        }
        sent = true;
        this.#sentWeight += request.weight;
        onSent?.();
        this.#answer(request, timeoutMs, abort.signal).then(
          (value) => {
            subscriber.next(value);
            subscriber.complete();
          },
          (error: unknown) => {
            if (!abort.signal.aborted) this.#learn(asFault(error));
            subscriber.error(error);
          },
        );
      };
      const waitMs = this.#book(request.weight);
      if (waitMs === 0) send();
      else subscriber.add(this.#scheduler.schedule(send, waitMs));
    });
  }

  /** As `ask$`, but waits until the part `leaves` of the budget remains for others. Default: half. */
  askSparingly$<T>(request: RestRequest<T>, { leaves = 0.5, onSent }: SparingOptions = {}): Observable<T> {
    return new Observable((subscriber) => {
      const ask = (): void => {
        const shortMs = this.#missingMs(Math.min(request.weight + this.#burst * leaves, this.#burst));
        if (shortMs > 0) subscriber.add(this.#scheduler.schedule(ask, shortMs));
        else subscriber.add(this.ask$(request, undefined, onSent).subscribe(subscriber));
      };
      ask();
    });
  }

  /** @throws Fault for a status other than 200, or `malformed` for an undocumented body */
  async #answer<T>(request: RestRequest<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
    const url = this.#restUrl + request.path;
    const { status, headers, body } = await this.#get(url, { timeoutMs, signal });
    if (status !== 200) throw this.#venue.refusal(status, headers, body);
    return request.parse(parsed(body, url));
  }

  /** Milliseconds until this much weight may be spent. */
  #missingMs(weight: number): number {
    const there = Math.min(this.#burst, this.#weight + (this.#scheduler.now() - this.#countedAt) * this.#perMs);
    return Math.max(0, weight - there) / this.#perMs;
  }

  /** Takes the weight; returns how long to wait for it, milliseconds. */
  #book(weight: number): number {
    const now = this.#scheduler.now();
    this.#weight = Math.min(this.#burst, this.#weight + (now - this.#countedAt) * this.#perMs) - weight;
    this.#countedAt = now;
    return this.#weight < 0 ? -this.#weight / this.#perMs : 0;
  }

  /** A refusal that names a time applies to all requests. */
  #learn({ retry }: Fault): void {
    if (retry.kind === 'after')
      this.#blockedUntil = Math.max(this.#blockedUntil, this.#scheduler.now() + retry.afterMs);
  }
}

function parsed(body: string, url: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Fault('malformed', `${url} answers with what is no JSON: ${body.slice(0, 200)}`, { cause: error });
  }
}
