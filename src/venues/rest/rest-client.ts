import { Observable, type SchedulerLike } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import { type GetOptions, getJson } from '../../net/get-json.ts';
import type { RestRequest, Venue } from '../contract.ts';
import { concernsOneHost, type RestHost, RestHosts } from './rest-hosts.ts';

/**
 * Options of `askSparingly$`. `leaves`: the part of the burst (the weight that may be spent at once) that must remain
 * for other requests, from 0 to 1.
 */
interface SparingOptions {
  readonly leaves?: number;
  readonly onSent?: () => void;
}

/** Sends requests to one venue's REST hosts, within its weight budget and rate limits, which all hosts share. */
export class VenueRest {
  readonly #venue: Venue;
  readonly #hosts: RestHosts;
  readonly #scheduler: SchedulerLike;
  readonly #get: typeof getJson;
  readonly #share: number;
  /**
   * The weight that may be spent at once, and the weight that returns in a millisecond. By default, half of a minute's
   * limit may be spent at once, and the other half returns within a minute. So no minute exceeds the limit.
   */
  #burst = 0;
  #perMs = 0;
  /** Remaining weight; negative while requests wait. */
  #weight: number;
  #countedAt: number;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #sentWeight = 0;

  /** @param share our part of the venue's limits, above 0 and at most 1, because others may use the same address */
  constructor(
    venue: Venue,
    restUrls: readonly string[],
    scheduler: SchedulerLike,
    get: typeof getJson = getJson,
    share = 1,
  ) {
    this.#venue = venue;
    this.#hosts = new RestHosts(restUrls, scheduler);
    this.#scheduler = scheduler;
    this.#get = get;
    this.#share = share;
    this.#setLimit(venue.restWeightPerMinute);
    this.#weight = this.#burst;
    this.#countedAt = scheduler.now();
  }

  /** Replaces the known limit by the one that the venue states, weight in a minute. What is spent stays spent. */
  limit(weightPerMinute: number): void {
    this.#book(0);
    const burst = this.#burst;
    this.#setLimit(weightPerMinute);
    this.#weight += this.#burst - burst;
  }

  #setLimit(weightPerMinute: number): void {
    this.#perMs = (weightPerMinute * this.#share) / 2 / 60_000;
    this.#burst = (this.#venue.restBurst ?? weightPerMinute / 2) * this.#share;
  }

  /** Emits a Fault when all hosts have failed and at least one refuses us, and undefined when a host serves again. */
  get refused$(): RestHosts['refused$'] {
    return this.#hosts.refused$;
  }

  get sentWeight(): number {
    return this.#sentWeight;
  }

  /**
   * Sends the request for each subscription; errors are Faults. `onSent` is called when the request leaves the queue.
   */
  ask$<T>(request: RestRequest<T>, timeoutMs = 10_000, onSent?: () => void): Observable<T> {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      let sent = false;
      subscriber.add(() => {
        abort.abort();
        if (!sent) this.#weight += request.weight;
      });
      const send = (): void => {
        const waitMs = Math.max(this.#blockedUntil - this.#scheduler.now(), this.#hosts.waitMs);
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
          (error: unknown) => subscriber.error(error),
        );
      };
      const waitMs = this.#book(request.weight);
      if (waitMs === 0) send();
      else subscriber.add(this.#scheduler.schedule(send, waitMs));
    });
  }

  /** As `ask$`, but waits until the part `leaves` of the burst remains for other requests. Default: half. */
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

  /** Asks the hosts in turn until one serves. */
  async #answer<T>(request: RestRequest<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
    for (let host = this.#hosts.next; ; ) {
      if (host === undefined) throw new Fault('internal', `${this.#venue.id} has no REST host`);
      try {
        const value = await this.#ask(host, request, { timeoutMs, signal });
        this.#hosts.served(host);
        return value;
      } catch (error) {
        signal.throwIfAborted();
        const fault = asFault(error);
        host = concernsOneHost(fault) ? this.#hosts.failed(host, fault) : undefined;
        if (!concernsOneHost(fault)) this.#learn(fault);
        if (host === undefined) throw error;
        this.#spendMore(request);
      }
    }
  }

  /** @throws Fault for a status other than 200; of kind `malformed` for an undocumented body */
  async #ask<T>(host: RestHost, request: RestRequest<T>, options: GetOptions): Promise<T> {
    const url = host.url + request.path;
    const { status, headers, body } = await this.#get(url, options);
    if (status === 404 && request.otherwise !== undefined) {
      this.#spendMore(request.otherwise);
      return this.#ask(host, request.otherwise, options);
    }
    if (status !== 200) {
      const where = status === 404 ? host.name + request.path.replace(/\?.*/, '') : host.name;
      const refusal = this.#venue.refusal(status, headers, body);
      throw new Fault(refusal.kind, `${where}: ${refusal.message}`, refusal);
    }
    return request.parse(parsed(body, url));
  }

  /** Counts a request that is sent right after another, without waiting for weight. */
  #spendMore({ weight }: RestRequest<unknown>): void {
    this.#weight -= weight;
    this.#sentWeight += weight;
  }

  /** Returns the milliseconds until this much weight may be spent. */
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

  /** Delays all requests if a refusal concerns all hosts and names a time. */
  #learn({ retry }: Fault): void {
    if (retry.kind === 'after')
      this.#blockedUntil = Math.max(this.#blockedUntil, this.#scheduler.now() + retry.afterMs);
  }
}

function parsed(body: string, url: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Fault('malformed', `${url} does not answer with JSON: ${body.slice(0, 200)}`, { cause: error });
  }
}
