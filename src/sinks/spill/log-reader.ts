import { asFault } from '../../domain/fault.ts';
import type { TradeLoss } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import { CLASSES, type Segment, SegmentReader } from './segment.ts';
import type { SpillFiles } from './spill-files.ts';
import { entryOf, type Frame, LOSS, lossOf, RECORD } from './spill-frame.ts';

/** A file with the frames that were read of it and not yet passed. */
interface OpenFile {
  readonly segment: Segment;
  readonly reader: SegmentReader;
  frames: readonly Frame[];
  at: number;
}

/** How far a class is read. */
interface Cursor {
  file: OpenFile | undefined;
  /** Of the last frame passed. */
  seq: number;
  /** The end of the file before could not be read. */
  afterBreak: boolean;
}

export interface LogReaderHooks {
  /** A stretch before `seq` could not be read; of a class. */
  readonly onBreak?: (priority: number, seq: number) => void;
  readonly onLoss?: (loss: TradeLoss) => void;
}

/** What a reader hands out: a record and the file that it is from. */
export interface ReadEntry {
  readonly entry: QueueEntry;
  readonly segment: Segment;
}

/** Goes through the files of all classes at once, in the order of the records. */
export class LogReader {
  readonly #files: SpillFiles;
  readonly #classes: readonly (readonly Segment[])[];
  readonly #hooks: LogReaderHooks;
  readonly #cursors: readonly Cursor[] = CLASSES.map(() => ({ file: undefined, seq: -1, afterBreak: false }));

  constructor(files: SpillFiles, classes: readonly (readonly Segment[])[], hooks: LogReaderHooks = {}) {
    this.#files = files;
    this.#classes = classes;
    this.#hooks = hooks;
  }

  /** The next `max` records at most; none: that was all. @throws what the file system says, where nothing could be read before it */
  async read(max: number): Promise<ReadEntry[]> {
    const read: ReadEntry[] = [];
    try {
      while (read.length < max && (await this.#next(read))) {}
    } catch (error) {
      // What was read is passed and would not come again; the error does.
      if (read.length === 0) throw error;
    }
    return read;
  }

  /** Adds the next record, unless it is unreadable; false: there is none. */
  async #next(read: ReadEntry[]): Promise<boolean> {
    let next: { readonly cursor: Cursor; readonly file: OpenFile; readonly frame: Frame } | undefined;
    for (const priority of CLASSES) {
      const cursor = this.#cursors[priority] as Cursor;
      const frame = this.#ready(cursor) ?? (await this.#fill(priority, cursor));
      if (frame === undefined || (next !== undefined && frame.seq >= next.frame.seq)) continue;
      next = { cursor, file: cursor.file as OpenFile, frame };
    }
    if (next === undefined) return false;
    const { cursor, file, frame } = next;
    const { segment, reader } = file;
    file.at++;
    cursor.seq = frame.seq;
    if (frame.afterBreak || cursor.afterBreak) this.#hooks.onBreak?.(segment.priority, frame.seq);
    cursor.afterBreak = false;
    try {
      read.push({ entry: entryOf(frame, reader.readers), segment });
    } catch (error) {
      if (asFault(error).kind !== 'malformed') throw error;
      this.#hooks.onBreak?.(segment.priority, frame.seq);
    }
    return true;
  }

  #ready({ file }: Cursor): Frame | undefined {
    const frame = file?.segment.dropped === false ? file.frames[file.at] : undefined;
    return frame?.type === RECORD ? frame : undefined;
  }

  async #fill(priority: number, cursor: Cursor): Promise<Frame | undefined> {
    for (;;) {
      const segments = this.#classes[priority] as readonly Segment[];
      if (cursor.file?.segment.dropped === true) cursor.file = undefined;
      if (cursor.file === undefined) {
        const segment = segments.find(({ lastSeq, dropped }) => !dropped && lastSeq > cursor.seq);
        if (segment === undefined) return undefined;
        cursor.file = this.#open(segment);
      }
      const { file } = cursor;
      for (; file.at < file.frames.length; file.at++) {
        const frame = file.frames[file.at] as Frame;
        if (frame.type === RECORD) return frame;
        if (frame.type === LOSS) this.#hooks.onLoss?.(lossOf(frame));
      }
      file.frames = await file.reader.next(file.segment.bytes);
      file.at = 0;
      if (file.frames.length > 0) continue;
      const following = segments[segments.indexOf(file.segment) + 1];
      if (following === undefined) return undefined;
      cursor.afterBreak ||= file.reader.isTorn;
      cursor.file = this.#open(following);
    }
  }

  #open(segment: Segment): OpenFile {
    return { segment, reader: new SegmentReader(this.#files, segment.name), frames: [], at: 0 };
  }
}
