import type { Output } from '../arguments/command.ts';
import { visible } from './terminal-text.ts';

/** One line that is overwritten on a terminal; without a terminal nothing is written. */
export class StatusLine {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    if (!this.#output.isTerminal) return;
    this.#shown = true;
    void this.#output.write(`\r\u001b[K${visible(text).slice(0, Math.max(0, this.#output.size().columns - 1))}`);
  }

  /** Clears the line. */
  close(): void {
    if (this.#shown) void this.#output.write('\r\u001b[K');
    this.#shown = false;
  }
}
