import { type Observable, Subscriber, type Subscription } from 'rxjs';

/** What an operator does with its source's notifications; an error or completion without a handler goes straight on. */
export interface Listener<T> {
  next(value: T): void;
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
export function listen<T, R>(source: Observable<T>, destination: Subscriber<R>, listener: Listener<T>): Subscription {
  // A Subscriber of our own, not an observer: so the subscription is in hand before the source begins to emit.
  const inner = new Subscriber<T>({
    next(value: T) {
      try {
        listener.next(value);
      } catch (error) {
        destination.error(error);
      }
    },
    error(error: unknown) {
      if (listener.error === undefined) return destination.error(error);
      try {
        listener.error(error);
      } catch (thrown) {
        destination.error(thrown);
      }
    },
    complete() {
      if (listener.complete === undefined) return destination.complete();
      try {
        listener.complete();
      } catch (thrown) {
        destination.error(thrown);
      }
    },
  });
  destination.add(inner);
  // An Observable is subscribed to by a closed subscriber, too.
  if (!inner.closed) source.subscribe(inner);
  return inner;
}
