import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { BlockStore } from './warm-up-buffer.ts';

/**
 * Keeps blocks of values as files in a folder of its own, which exists only while it has blocks. Files of an earlier
 * process are removed, because frames may be missing between them and this process's frames.
 */
export class BlockFiles<T> implements BlockStore<T> {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #sizes = new Map<number, number>();
  #bytes = 0;
  #isReady = false;

  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
  }

  put(block: number, values: readonly T[]): void {
    const data = serialize(values);
    if (this.#bytes + data.length > this.#maxBytes) throw new Error(`${this.#dir} may have ${this.#maxBytes} bytes`);
    if (!this.#isReady) {
      rmSync(this.#dir, { recursive: true, force: true });
      mkdirSync(this.#dir, { recursive: true });
      this.#isReady = true;
    }
    writeFileSync(this.#fileOf(block), data);
    this.#sizes.set(block, data.length);
    this.#bytes += data.length;
  }

  take(block: number): readonly T[] {
    const values: readonly T[] = deserialize(readFileSync(this.#fileOf(block)));
    this.remove(block);
    return values;
  }

  remove(block: number): void {
    this.#bytes -= this.#sizes.get(block) ?? 0;
    this.#sizes.delete(block);
    rmSync(this.#fileOf(block), { force: true });
  }

  close(): void {
    if (!this.#isReady) return;
    this.#isReady = false;
    this.#sizes.clear();
    this.#bytes = 0;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #fileOf(block: number): string {
    return join(this.#dir, `${block}.block`);
  }
}
