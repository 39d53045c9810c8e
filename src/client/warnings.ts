import { Subject } from 'rxjs';
import { asFault } from '../domain/fault.ts';
import { type ClientWarning, warningText } from './source/source.ts';

/** Emits a client's warnings and passes them to its callback; without a callback Node.js prints them. */
export class Warnings {
  readonly warnings$ = new Subject<ClientWarning>();
  readonly #callback: ((warning: ClientWarning) => void) | undefined;

  constructor(callback: ((warning: ClientWarning) => void) | undefined) {
    this.#callback = callback;
  }

  /** Never throws: if the callback throws, its error is printed with the warning. */
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
