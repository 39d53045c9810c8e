import { Subject } from 'rxjs';
import { asFault } from '../domain/fault.ts';
import { type ClientWarning, warningText } from './source/source.ts';

/** What a client tells of besides records: to all who subscribe and to the callback; without one Node.js prints it. */
export class Warnings {
  readonly warnings$ = new Subject<ClientWarning>();
  readonly #callback: ((warning: ClientWarning) => void) | undefined;

  constructor(callback: ((warning: ClientWarning) => void) | undefined) {
    this.#callback = callback;
  }

  /** Never throws: a callback that does is told of, with what it was given. */
  add(warning: ClientWarning): void {
    this.warnings$.next(warning);
    try {
      if (this.#callback === undefined) print(warningText(warning));
      else this.#callback(warning);
    } catch (error) {
      print(`${warningText(warning)} (onWarning failed: ${asFault(error).message})`);
    }
  }

  close(): void {
    this.warnings$.complete();
  }
}

const print = (text: string): void => process.emitWarning(text, 'MarketFeedWarning');
