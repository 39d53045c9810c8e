import { type Observable, Subscriber, type Subscription } from 'rxjs';

/** What an operator does with its source's notifications; an error or completion without a handler goes straight on. */
export interface Listener<T, R = unknown> {
  readonly next: (this: void, value: T, destination: Subscriber<R>) => void;
  error?(error: unknown): void;
  complete?(): void;
}

/**
 * Subscribes to `source` on behalf of `destination`, the subscriber of an operator's result.
 *
 * Solves for every operator what rxjs solves for its own below them: whatever a handler throws becomes the result's
 * error, and the source is left when the destination ends, even in the middle of a synchronous burst; of one that has
 * ended before it is left alone.
 *
 * @returns the subscription to the source; it is also a child of the destination.
 */
export function listen<T, R>(
  source: Observable<T>,
  destination: Subscriber<R>,
  listener: Listener<T, R>,
): Subscription {
  // A Subscriber of our own, not an observer: so the subscription is in hand before the source begins to emit.
  const inner = new ListenSubscriber(destination, listener);
  destination.add(inner);
  // An Observable is subscribed to by a closed subscriber, too.
  if (!inner.closed) source.subscribe(inner);
  return inner;
}

/** As in the operators of rxjs: a value costs two calls, where a Subscriber around an observer costs four. */
class ListenSubscriber<T, R> extends Subscriber<T> {
  readonly #destination: Subscriber<R>;
  readonly #listener: Listener<T, R>;
  /** Of the listener, which each operator makes in a shape of its own: to look it up costs as much as to call it. */
  readonly #next: Listener<T, R>['next'];

  constructor(destination: Subscriber<R>, listener: Listener<T, R>) {
    super();
    this.#destination = destination;
    this.#listener = listener;
    this.#next = listener.next;
  }

  override next(value: T): void {
    if (this.isStopped) return;
    const next = this.#next;
    try {
      next(value, this.#destination);
    } catch (error) {
      this.#destination.error(error);
    }
  }

  protected override _error(error: unknown): void {
    const handler = this.#listener.error === undefined ? this.#destination : this.#listener;
    this.#end(() => handler.error?.(error));
  }

  protected override _complete(): void {
    const handler = this.#listener.complete === undefined ? this.#destination : this.#listener;
    this.#end(() => handler.complete?.());
  }

  #end(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#destination.error(thrown);
    } finally {
      this.unsubscribe();
    }
  }
}
