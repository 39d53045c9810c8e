import { BehaviorSubject, distinctUntilChanged, type Observable, type SchedulerLike } from 'rxjs';
import { Fault } from '../../domain/fault.ts';

/** How long other hosts are asked before a host that failed is asked again, milliseconds. */
const ASIDE_MS = 600_000;

export interface RestHost {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** Its address without the scheme, for messages. */
  readonly name: string;
  /** Why the host does not serve us; undefined if it serves. */
  refusal: Fault | undefined;
  /** Until when other hosts are asked instead, by the scheduler, milliseconds. */
  asideUntil: number;
}

/** A venue's REST hosts in order of preference. If one host refuses us, the others may still serve. */
export class RestHosts {
  /** Emits a Fault when all hosts have failed and at least one refuses us, and undefined when a host serves again. */
  readonly refused$: Observable<Fault | undefined>;
  readonly #hosts: readonly RestHost[];
  readonly #scheduler: SchedulerLike;
  readonly #refused$ = new BehaviorSubject<Fault | undefined>(undefined);

  constructor(urls: readonly string[], scheduler: SchedulerLike) {
    this.#hosts = urls.map((given) => {
      const url = given.replace(/\/+$/, '');
      return { url, name: url.replace(/^https?:\/\//, ''), refusal: undefined, asideUntil: Number.NEGATIVE_INFINITY };
    });
    this.#scheduler = scheduler;
    this.refused$ = this.#refused$.pipe(distinctUntilChanged((a, b) => (a === undefined) === (b === undefined)));
  }

  /** The first host that is not set aside. If all are set aside, the host that may be asked soonest. */
  get next(): RestHost | undefined {
    const free = this.#free;
    if (free !== undefined) return free;
    return this.#hosts.toSorted((a, b) => this.#waitMs(a) - this.#waitMs(b) || a.asideUntil - b.asideUntil)[0];
  }

  /** Milliseconds until a host may be asked. */
  get waitMs(): number {
    return this.next === undefined ? 0 : this.#waitMs(this.next);
  }

  served(host: RestHost): void {
    host.refusal = undefined;
    host.asideUntil = Number.NEGATIVE_INFINITY;
    this.#refused$.next(undefined);
  }

  /** Sets a host aside that refused us or was not reached; returns the host to ask instead, if one is left. */
  failed(host: RestHost, fault: Fault): RestHost | undefined {
    host.refusal = fault;
    host.asideUntil = this.#scheduler.now() + (fault.retry.kind === 'after' ? fault.retry.afterMs : ASIDE_MS);
    const next = this.#free;
    if (next === undefined) this.#allFailed();
    return next;
  }

  get #free(): RestHost | undefined {
    const now = this.#scheduler.now();
    return this.#hosts.find(({ asideUntil }) => asideUntil <= now);
  }

  /** Returns the milliseconds until a host may be asked: 0, except after a refusal that names a time. */
  #waitMs({ refusal, asideUntil }: RestHost): number {
    return refusal?.retry.kind === 'after' ? Math.max(0, asideUntil - this.#scheduler.now()) : 0;
  }

  #allFailed(): void {
    const refusals = this.#hosts.flatMap(({ refusal }) => refusal ?? []);
    const refused = (kind: Fault['kind']) => refusals.find((refusal) => refusal.kind === kind);
    const first = refused('region_blocked') ?? refused('rate_limited');
    if (first === undefined) return;
    const reason = `no REST host serves us: ${refusals.map(({ message }) => message).join('; ')}`;
    this.#refused$.next(new Fault(first.kind, reason, first));
  }
}

/** Returns true if the fault says nothing about other hosts of the venue. */
export function concernsOneHost({ onlyThisHost, kind, status }: Fault): boolean {
  return onlyThisHost || (status === undefined && (kind === 'connect_failed' || kind === 'connect_timeout'));
}
