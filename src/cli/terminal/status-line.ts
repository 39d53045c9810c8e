import type { Output } from '../arguments/command.ts';

/** One line of a terminal, written over and over; nothing where there is no terminal. */
export class StatusLine {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    if (!this.#output.isTerminal) return;
    this.#shown = true;
    void this.#output.write(`\r\u001b[K${text.slice(0, Math.max(0, this.#output.size().columns - 1))}`);
  }

  /** Gives the line back, empty. */
  close(): void {
    if (this.#shown) void this.#output.write('\r\u001b[K');
    this.#shown = false;
  }
}
