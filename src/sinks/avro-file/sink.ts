import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileCodec } from '../../avro-file/container.ts';
import { listFiles } from '../../avro-file/file-name.ts';
import { readFiles } from '../../avro-file/read-files.ts';
import { codecOf } from '../../codec/avro.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../../domain/record.ts';
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
import { fileFault, folderFault } from '../folder-fault.ts';
import { lockFolder } from '../lock-folder.ts';
import { compactPositions, isPositionsTopic } from './last-positions.ts';
import { readCheckpoints } from './read-checkpoints.ts';
import { readRecent } from './read-recent.ts';
import { type Repair, repairFile } from './repair-file.ts';
import { TopicFile, type TopicFileOptions, type WrittenFile } from './topic-file.ts';

export interface AvroFileSinkOptions {
  readonly dir: string;
  /** MiB at which a file is closed and the next one starts. */
  readonly rotateMb: number;
  /** Minutes after which a file is closed and the next one starts; by default its size alone decides. */
  readonly rotateMinutes?: number;
  readonly codec: FileCodec;
  /** Returns the wall clock's time for the names of files, milliseconds since 1970. */
  readonly now: () => number;
  /** True: a folder that becomes unusable while the sink runs is retried. False: it ends the sink. */
  readonly waitsForFolder?: boolean;
  /** The sink's name; `file` by default. */
  readonly name?: string;
  /** True: a delivered record is synchronised to the disk. */
  readonly synchronises?: boolean;
  /** Called after each append to a file, and once more when the file is closed. */
  readonly onWritten?: (file: WrittenFile) => void;
  /** Called after the repair of each file that a crash left open. */
  readonly onRepaired?: (path: string, repair: Repair) => void;
}

const DELIVERED: Outcome = { kind: 'delivered' };
/** Size at which a file of positions is closed, bytes: a few hours of positions. */
const POSITIONS_BYTES = 2 ** 20;

/**
 * Writes Avro object container files, DIR/TOPIC/YYYYMMDDTHHMMSS-SEQ.avro. A delivered record is in a whole block that
 * the operating system has: it survives this process, but not a power loss in the next seconds. A file is synchronised
 * to the disk when it is closed; the position that starts an epoch is synchronised at once.
 */
export class AvroFileSink implements Sink {
  readonly name: string;
  readonly #options: AvroFileSinkOptions;
  readonly #fileOptions: TopicFileOptions;
  readonly #files = new Map<string, TopicFile>();
  #trouble: string | undefined;
  #unlock: (() => void) | undefined;
  /** The last write, read or close: they run one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: AvroFileSinkOptions) {
    this.#options = options;
    const { name = 'file', rotateMb, rotateMinutes = Number.POSITIVE_INFINITY, ...others } = options;
    this.name = name;
    this.#fileOptions = { ...others, rotateBytes: rotateMb * 2 ** 20, rotateMs: rotateMinutes * 60_000 };
  }

  async open(): Promise<void> {
    const { dir, onRepaired } = this.#options;
    try {
      // Two writers would close each other's files.
      this.#unlock ??= lockFolder(dir);
      for (const entry of await readdir(dir, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        const folder = join(dir, entry.name);
        for (const file of await listFiles(folder)) {
          if (!file.open) continue;
          const path = join(folder, file.name);
          const repair = await repairFile(path);
          onRepaired?.(path, repair);
        }
        if (isPositionsTopic(entry.name)) await compactPositions(dir, entry.name, this.#fileOptions);
      }
    } catch (error) {
      throw folderFault(error, this.name);
    }
  }

  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    return this.#next(() => this.#write(batch));
  }

  async checkpoints(options: CheckpointOptions): Promise<readonly SeriesCheckpoint[]> {
    try {
      return await readCheckpoints(this.#options.dir, options);
    } catch (error) {
      throw folderFault(error, this.name);
    }
  }

  /** Reads after all earlier writes, because it reads open files to their ends. */
  recent(options: RecentOptions): Promise<Recent> {
    return this.#next(async () => {
      try {
        return await readRecent(this.#options.dir, options);
      } catch (error) {
        throw fileFault(error, this.name);
      }
    });
  }

  close(): Promise<void> {
    return this.#next(async () => {
      const results = await Promise.allSettled([...this.#files.values()].map((file) => file.close()));
      this.#unlock?.();
      this.#unlock = undefined;
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw fileFault(failed.reason, this.name);
    });
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  archive(): SinkArchive {
    const { dir } = this.#options;
    let isClosed = false;
    const closed = new Fault('sink', `${this.name}: closed`, { retry: { kind: 'never' } });
    return {
      // The lock of the folder shuts out others.
      open: async () => {},
      records: (topic, { sinceMs, onPart }) => readFiles(dir, topic, { sinceMs, onBlock: onPart }),
      write: async (batch) => (isClosed ? batch.map(() => ({ kind: 'retry', fault: closed })) : this.write(batch)),
      close: async () => {
        isClosed = true;
      },
    };
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => {});
    return result;
  }

  async #write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = new Array(batch.length);
    const failures = await Promise.all(
      [...encoded(batch, outcomes)].map(([topic, part]) => this.#append(topic, part, outcomes)),
    );
    // An idle topic's file is closed by its age, too.
    for (const file of this.#files.values()) await file.closeIfDue();
    this.#trouble = failures.find((fault) => fault !== undefined)?.message;
    return outcomes;
  }

  /** Sets the outcomes of one topic's records. Returns the fault if they were not delivered. */
  async #append(topic: string, part: TopicPart, outcomes: Outcome[]): Promise<Fault | undefined> {
    const folder = join(this.#options.dir, topic);
    const newFile = () => new TopicFile(folder, codecOf(part.kind), this.#fileOptionsOf(topic));
    const file = getOrCreate(this.#files, topic, newFile);
    let fault: Fault | undefined;
    try {
      await file.append(part.bodies);
      if (part.beginsEpoch) await file.synchronise();
    } catch (error) {
      fault = this.#options.waitsForFolder === true ? fileFault(error, this.name) : folderFault(error, this.name);
    }
    if (isPositionsTopic(topic) && !file.isOpen) await this.#compact(topic);
    for (const index of part.indices) outcomes[index] = fault === undefined ? DELIVERED : { kind: 'retry', fault };
    return fault;
  }

  /** Replaces closed position files by the last positions, because the next start reads all position files. */
  async #compact(topic: string): Promise<void> {
    this.#files.delete(topic);
    // If this fails, the next start only reads more, and the next full file is compacted again.
    await compactPositions(this.#options.dir, topic, this.#fileOptionsOf(topic)).catch(() => {});
  }

  #fileOptionsOf(topic: string): TopicFileOptions {
    if (!isPositionsTopic(topic)) return this.#fileOptions;
    const rotateBytes = Math.min(this.#fileOptions.rotateBytes, POSITIONS_BYTES);
    return { ...this.#fileOptions, rotateBytes, rotateMs: Number.POSITIVE_INFINITY };
  }
}

/** A position without a trade starts an epoch. It must survive each power loss that a later record survives. */
const beginsEpoch = (record: FeedRecord): boolean => record.kind === 'position' && record.tradeId === null;

interface TopicPart {
  readonly kind: RecordKind;
  beginsEpoch: boolean;
  /** Indices of the records in the batch. */
  readonly indices: number[];
  readonly bodies: Buffer[];
}

/** Encodes the batch and groups it by topic. Sets the outcome of each record that cannot be encoded. */
function encoded(batch: readonly OutRecord[], outcomes: Outcome[]): Map<string, TopicPart> {
  const parts = new Map<string, TopicPart>();
  batch.forEach(({ topic, record }, index) => {
    try {
      const body = codecOf(record.kind).encode(record);
      const newPart = (): TopicPart => ({ kind: record.kind, beginsEpoch: false, indices: [], bodies: [] });
      const part = getOrCreate(parts, topic, newPart);
      part.beginsEpoch ||= beginsEpoch(record);
      part.indices.push(index);
      part.bodies.push(body);
    } catch (error) {
      outcomes[index] = { kind: 'rejected', fault: asFault(error) };
    }
  });
  return parts;
}
