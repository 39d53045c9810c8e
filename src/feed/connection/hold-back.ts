import { Observable } from 'rxjs';

/** Holds values back until it is opened, then hands them on in order, and from then on each at once. */
export class HoldBack<T> {
  #mostHeld: number;
  readonly #mayGo: (value: T) => boolean;
  #held: T[] | undefined = [];
  #next: ((value: T) => void) | undefined;

  /** Where more than `mostHeld` wait, the oldest go of those that `mayGo` says. */
  constructor(mostHeld = Number.POSITIVE_INFINITY, mayGo: (value: T) => boolean = () => false) {
    this.#mostHeld = mostHeld;
    this.#mayGo = mayGo;
  }

  get isOpen(): boolean {
    return this.#held === undefined;
  }

  next(value: T): void {
    if (this.#held === undefined) {
      this.#next?.(value);
      return;
    }
    this.#held.push(value);
    if (this.#held.length > this.#mostHeld) this.#thinOut(this.#held);
  }

  /** For one subscriber; it gets nothing before `open`. */
  through$(source$: Observable<T>): Observable<T> {
    return new Observable((subscriber) => {
      this.#next = (value) => subscriber.next(value);
      return source$.subscribe({
        next: (value) => this.next(value),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  }

  /** Hands on what is held; without `next` to the subscriber of `through$`. */
  open(next: ((value: T) => void) | undefined = this.#next): void {
    this.#next = next;
    this.#mostHeld = Number.POSITIVE_INFINITY;
    // What comes meanwhile is put behind, and its turn comes in this loop.
    for (const value of this.#held ?? []) next?.(value);
    this.#held = undefined;
  }

  /** A tenth at once: each costs a look at all. */
  #thinOut(held: T[]): void {
    let surplus = Math.ceil(this.#mostHeld / 10);
    this.#held = held.filter((value) => surplus <= 0 || !this.#mayGo(value) || surplus-- <= 0);
  }
}
