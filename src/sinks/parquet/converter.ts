import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { asFault } from '../../domain/fault.ts';
import type { WrittenFile } from '../avro-file/topic-file.ts';
import type { Converted } from './converter-worker.ts';

/** Bytes that an open segment grows by before the thread converts them. */
const STEP_BYTES = 2 ** 20;
const RETRY_AFTER_MS = 10_000;

/** Converts the journal's segments in a thread of its own, so that the feed is never held up. */
export class Converter {
  readonly #dir: string;
  #worker: Worker | undefined;
  /** Bytes of each open segment that the thread was asked to convert. */
  readonly #asked = new Map<string, number>();
  /** The closed segments that are not converted. */
  readonly #closed = new Map<string, WrittenFile>();
  #unanswered = 0;
  #problem: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #idle = Promise.withResolvers<void>();

  /** @param dir the folder of the topics' Parquet files */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Why the last conversion failed; undefined: it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Bytes of the closed segments that are not converted. */
  get backlogBytes(): number {
    return this.#closed.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Has the segment converted up to its size, and completed if it is closed. */
  convert(segment: WrittenFile): void {
    const { path, bytes, isClosed } = segment;
    if (isClosed) {
      this.#asked.delete(path);
      this.#closed.set(path, segment);
    } else if (bytes - (this.#asked.get(path) ?? 0) < STEP_BYTES) return;
    else this.#asked.set(path, bytes);
    this.#post(segment);
  }

  /** Waits for the conversion of what was asked, and ends the thread. Returns how many closed segments are left. */
  async close(): Promise<number> {
    clearTimeout(this.#retry);
    while (this.#unanswered > 0) await this.#idle.promise;
    clearTimeout(this.#retry);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    return this.#closed.size;
  }

  #post(segment: WrittenFile): void {
    this.#unanswered++;
    this.#worker ??= this.#newWorker();
    this.#worker.postMessage(segment);
  }

  #newWorker(): Worker {
    const file = new URL(`./converter-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    const worker = new Worker(file, { workerData: this.#dir, name: 'parquet' });
    worker.on('message', (answer: Converted) => this.#answered(answer));
    worker.on('error', (error: unknown) => this.#failed(asFault(error).message));
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      this.#unanswered = 0;
      this.#wake();
    });
    return worker;
  }

  #answered({ path, isClosed, problem }: Converted): void {
    this.#unanswered--;
    if (problem !== undefined) this.#failed(problem);
    else {
      this.#problem = undefined;
      if (isClosed) this.#closed.delete(path);
    }
    if (this.#unanswered === 0) this.#wake();
  }

  #failed(problem: string): void {
    this.#problem = problem;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      for (const segment of this.#closed.values()) this.#post(segment);
    }, RETRY_AFTER_MS);
    this.#retry.unref();
  }

  #wake(): void {
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }
}
