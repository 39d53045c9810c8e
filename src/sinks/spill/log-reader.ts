import { asFault } from '../../domain/fault.ts';
import type { Loss } from '../loss-ledger.ts';
import type { QueueEntry } from '../out-queue.ts';
import { CLASSES, type Segment, SegmentReader } from './segment.ts';
import type { SpillFiles } from './spill-files.ts';
import { entryOf, type Frame, LOSS, lossOf, RECORD } from './spill-frame.ts';

interface Cursor {
  segment: Segment | undefined;
  reader: SegmentReader | undefined;
  frames: readonly Frame[];
  at: number;
  /** Of the last frame passed. */
  seq: number;
  /** The end of the file before could not be read. */
  afterBreak: boolean;
}

export interface LogReaderHooks {
  /** A stretch before `seq` could not be read; of a class. */
  readonly onBreak?: (worth: number, seq: number) => void;
  readonly onLoss?: (loss: Loss) => void;
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
  readonly #cursors: readonly Cursor[] = CLASSES.map(() => ({
    segment: undefined,
    reader: undefined,
    frames: [],
    at: 0,
    seq: -1,
    afterBreak: false,
  }));

  constructor(files: SpillFiles, classes: readonly (readonly Segment[])[], hooks: LogReaderHooks = {}) {
    this.#files = files;
    this.#classes = classes;
    this.#hooks = hooks;
  }

  /** The next `max` records at most; none: that was all. */
  async read(max: number): Promise<ReadEntry[]> {
    const read: ReadEntry[] = [];
    while (read.length < max) {
      let next: Cursor | undefined;
      let frame: Frame | undefined;
      for (const worth of CLASSES) {
        const cursor = this.#cursors[worth] as Cursor;
        const candidate = this.#ready(cursor) ?? (await this.#fill(worth, cursor));
        if (candidate === undefined || (frame !== undefined && candidate.seq >= frame.seq)) continue;
        next = cursor;
        frame = candidate;
      }
      if (next === undefined || frame === undefined) break;
      next.at++;
      next.seq = frame.seq;
      const { segment, reader } = next as { segment: Segment; reader: SegmentReader };
      if (frame.afterBreak || next.afterBreak) this.#hooks.onBreak?.(segment.worth, frame.seq);
      next.afterBreak = false;
      try {
        read.push({ entry: entryOf(frame, reader.readers), segment });
      } catch (error) {
        if (asFault(error).kind !== 'malformed') throw error;
        this.#hooks.onBreak?.(segment.worth, frame.seq);
      }
    }
    return read;
  }

  #ready({ segment, frames, at }: Cursor): Frame | undefined {
    const frame = segment?.dropped === true ? undefined : frames[at];
    return frame?.type === RECORD ? frame : undefined;
  }

  async #fill(worth: number, cursor: Cursor): Promise<Frame | undefined> {
    for (;;) {
      if (cursor.segment?.dropped === true) cursor.segment = undefined;
      if (cursor.segment === undefined) {
        const segment = (this.#classes[worth] as readonly Segment[]).find(
          ({ lastSeq, dropped }) => !dropped && lastSeq > cursor.seq,
        );
        if (segment === undefined) return undefined;
        this.#begin(cursor, segment);
      }
      for (; cursor.at < cursor.frames.length; cursor.at++) {
        const frame = cursor.frames[cursor.at] as Frame;
        if (frame.type === RECORD) return frame;
        if (frame.type === LOSS) this.#hooks.onLoss?.(lossOf(frame));
      }
      const { segment, reader } = cursor as { segment: Segment; reader: SegmentReader };
      cursor.frames = await reader.next(segment.bytes);
      cursor.at = 0;
      if (cursor.frames.length > 0) continue;
      const segments = this.#classes[worth] as readonly Segment[];
      const following = segments[segments.indexOf(segment) + 1];
      if (following === undefined) return undefined;
      cursor.afterBreak ||= reader.isTorn;
      this.#begin(cursor, following);
    }
  }

  #begin(cursor: Cursor, segment: Segment): void {
    cursor.segment = segment;
    cursor.reader = new SegmentReader(this.#files, segment.name);
    cursor.frames = [];
    cursor.at = 0;
  }
}
