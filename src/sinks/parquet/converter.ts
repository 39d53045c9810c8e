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
  readonly #onProblem: (problem: string) => void;
  #worker: Worker | undefined;
  /** Bytes of each open segment that the thread was asked to convert. */
  readonly #asked = new Map<string, number>();
  /** Bytes of each segment that the thread converted. */
  readonly #converted = new Map<string, number>();
  /** The closed segments that are not converted to their end. */
  readonly #closed = new Map<string, WrittenFile>();
  /** Those of them that the thread has not answered yet. */
  readonly #queued = new Set<string>();
  /** Why the last conversion of a segment failed. */
  readonly #problems = new Map<string, string>();
  #retry: NodeJS.Timeout | undefined;
  #onIdle: () => void = () => {};

  /**
   * @param dir the folder of the topics' Parquet files
   * @param onProblem called with each new reason why a segment cannot be converted
   */
  constructor(dir: string, onProblem: (problem: string) => void = () => {}) {
    this.#dir = dir;
    this.#onProblem = onProblem;
  }

  /** Why a segment could not be converted; undefined: none failed. */
  get problem(): string | undefined {
    return this.#problems.values().next().value;
  }

  /** Bytes of the closed segments that are not converted. */
  get backlogBytes(): number {
    const left = ({ path, bytes }: WrittenFile): number => bytes - (this.#converted.get(path) ?? 0);
    return this.#closed.values().reduce((sum, segment) => sum + left(segment), 0);
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

  /**
   * Waits at most `timeoutMs` for the conversion of the closed segments, and ends the thread. Returns how many closed
   * segments are left.
   */
  async close(timeoutMs: number): Promise<number> {
    if (this.#queued.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onIdle = resolve;
      const timer = Number.isFinite(timeoutMs) ? setTimeout(resolve, timeoutMs) : undefined;
      await promise;
      clearTimeout(timer);
    }
    clearTimeout(this.#retry);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    return this.#closed.size;
  }

  #post(segment: WrittenFile): void {
    if (segment.isClosed) this.#queued.add(segment.path);
    this.#worker ??= this.#newWorker();
    this.#worker.postMessage(segment);
  }

  #newWorker(): Worker {
    const file = new URL(`./converter-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    const worker = new Worker(file, { workerData: this.#dir, name: 'parquet' });
    let problem = 'the thread that converts them ended';
    worker.on('message', (answer: Converted) => this.#answered(answer));
    worker.on('error', (error: unknown) => {
      problem = asFault(error).message;
    });
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      for (const path of [...this.#queued, ...this.#asked.keys()]) this.#failed(path, problem);
      this.#queued.clear();
      // The next append to an open segment starts its conversion anew.
      this.#asked.clear();
      this.#converted.clear();
      this.#onIdle();
    });
    return worker;
  }

  #answered({ path, bytes, isClosed, problem }: Converted): void {
    if (problem !== undefined) this.#failed(path, problem);
    else {
      this.#problems.delete(path);
      this.#converted.set(path, bytes);
      if (isClosed) {
        this.#closed.delete(path);
        this.#converted.delete(path);
      }
    }
    if (isClosed) this.#queued.delete(path);
    if (this.#queued.size === 0) this.#onIdle();
  }

  #failed(path: string, problem: string): void {
    const isNew = !this.#problems.values().some((known) => known === problem);
    this.#problems.set(path, problem);
    // Its next conversion starts anew.
    this.#converted.delete(path);
    if (isNew) this.#onProblem(problem);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      for (const segment of this.#closed.values()) if (!this.#queued.has(segment.path)) this.#post(segment);
    }, RETRY_AFTER_MS).unref();
  }
}
