import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../domain/fault.ts';
import { isPositionsTopic } from '../avro-file/last-positions.ts';
import { AvroFileSink, type AvroFileSinkOptions } from '../avro-file/sink.ts';
import type { WrittenFile } from '../avro-file/topic-file.ts';
import type {
  CheckpointOptions,
  Outcome,
  OutRecord,
  Recent,
  RecentOptions,
  SeriesCheckpoint,
  Sink,
  SinkArchive,
} from '../contract.ts';
import { folderFault } from '../folder-fault.ts';
import { lockFolder } from '../lock-folder.ts';
import { Converter } from './converter.ts';
import { JOURNAL, unconverted } from './journal.ts';

export interface ParquetSinkOptions
  extends Pick<AvroFileSinkOptions, 'dir' | 'rotateMb' | 'rotateMinutes' | 'now' | 'waitsForFolder' | 'onRepaired'> {
  /** Milliseconds that `close` waits for the conversion; 1,000 by default. The next start converts what is left. */
  readonly closeTimeoutMs?: number;
  /** Bytes of closed segments at which the sink takes no more until some are converted; 1 GiB by default. */
  readonly maxBacklogBytes?: number;
  /** Called with each new reason why a segment of the journal cannot be converted. The sink retries every 10 s. */
  readonly onUnconverted?: (problem: string) => void;
}

/** A stop may take 5 s, of which the delivery of waiting records takes up to 3.5 s. */
const CLOSE_TIMEOUT_MS = 1000;

const MAX_BACKLOG_BYTES = 2 ** 30;

/**
 * Writes Parquet files, DIR/TOPIC/symbol=BTCUSDT/date=2026-11-24/YYYYMMDDTHHMMSS-SEQ.parquet. A Parquet file can be read
 * only once it is complete, so a delivered record is in a journal of Avro files, synchronised to the disk. A thread
 * converts each segment of the journal while it is written, and completes the Parquet files when it is closed. What a
 * crash leaves is converted at the next start, into the same files. `positions` stay in the journal.
 */
export class ParquetSink implements Sink {
  readonly name = 'parquet';
  readonly #dir: string;
  readonly #journal: AvroFileSink;
  readonly #converter: Converter;
  readonly #closeTimeoutMs: number;
  readonly #maxBacklogBytes: number;
  #unlock: (() => void) | undefined;

  constructor(options: ParquetSinkOptions) {
    const {
      closeTimeoutMs = CLOSE_TIMEOUT_MS,
      maxBacklogBytes = MAX_BACKLOG_BYTES,
      onUnconverted,
      ...journalOptions
    } = options;
    this.#dir = options.dir;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#maxBacklogBytes = maxBacklogBytes;
    this.#converter = new Converter(options.dir, onUnconverted);
    this.#journal = new AvroFileSink({
      ...journalOptions,
      name: this.name,
      dir: join(options.dir, JOURNAL),
      // Compression would take more time than the disk.
      codec: 'null',
      synchronises: true,
      onWritten: (segment) => this.#convert(segment),
    });
  }

  async open(): Promise<void> {
    try {
      this.#unlock ??= lockFolder(this.#dir);
      await this.#journal.open();
      const journal = join(this.#dir, JOURNAL);
      for (const entry of await readdir(journal, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        for (const segment of await unconverted(join(journal, entry.name)))
          this.#convert({ ...segment, isClosed: true });
      }
    } catch (error) {
      throw folderFault(error, this.name);
    }
  }

  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    return this.#writeTo(this.#journal, batch);
  }

  async #writeTo(journal: Pick<Sink, 'write'>, batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    const trouble = this.#conversionTrouble();
    if (trouble === undefined) return journal.write(batch);
    const fault = new Fault('sink', `parquet: ${trouble}`);
    return batch.map(() => ({ kind: 'retry', fault }));
  }

  checkpoints(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    return this.#journal.checkpoints(options);
  }

  recent(options: RecentOptions): Promise<Recent> {
    return this.#journal.recent(options);
  }

  async close(): Promise<void> {
    const [journal] = await Promise.allSettled([this.#journal.close()]);
    const left = await this.#converter.close(this.#closeTimeoutMs);
    this.#unlock?.();
    this.#unlock = undefined;
    if (journal.status === 'rejected') throw journal.reason;
    const { problem } = this.#converter;
    if (problem === undefined) return;
    const found = `${left} files of ${join(this.#dir, JOURNAL)} are not converted: ${problem}`;
    throw new Fault('sink', `parquet: ${found}; the next start converts them`);
  }

  trouble(): string | undefined {
    return this.#conversionTrouble() ?? this.#journal.trouble();
  }

  /** Access to the journal, which has the newest records of each topic. */
  archive(): SinkArchive {
    const journal = this.#journal.archive();
    return { ...journal, write: (batch) => this.#writeTo(journal, batch) };
  }

  /** Why the sink takes nothing until a segment is converted. */
  #conversionTrouble(): string | undefined {
    if (this.#converter.backlogBytes < this.#maxBacklogBytes) return undefined;
    const { problem } = this.#converter;
    return problem === undefined ? 'the conversion of the journal is behind' : `cannot write Parquet files: ${problem}`;
  }

  #convert(segment: WrittenFile): void {
    if (!isPositionsTopic(basename(dirname(segment.path)))) this.#converter.convert(segment);
  }
}
