import { type Observable, Subscriber, type Subscription } from 'rxjs';

/** Handlers for what an operator's source emits. An error or completion without a handler goes to the result. */
export interface Listener<T, R = unknown> {
  readonly next: (this: void, value: T, destination: Subscriber<R>) => void;
  error?(error: unknown): void;
  complete?(): void;
}

/**
 * Subscribes to `source` for `destination`, the subscriber of an operator's result. What a handler throws becomes the
 * result's error. The subscription ends with the destination, even while the source emits synchronously.
 */
export function listen<T, R>(
  source: Observable<T>,
  destination: Subscriber<R>,
  listener: Listener<T, R>,
): Subscription {
  // A Subscriber instead of an observer: the subscription exists before the source emits.
  const inner = new ListenSubscriber(destination, listener);
  destination.add(inner);
  // rxjs would also subscribe a closed subscriber.
  if (!inner.closed) source.subscribe(inner);
  return inner;
}

/** Calls the handlers directly: two calls for each value. A Subscriber around an observer would make four. */
class ListenSubscriber<T, R> extends Subscriber<T> {
  readonly #destination: Subscriber<R>;
  readonly #listener: Listener<T, R>;
  /**
   * A copy of `listener.next`. Listeners have many shapes, so V8 would look up the property for each value, which costs
   * as much as the call.
   */
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
