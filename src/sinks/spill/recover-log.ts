import { DROPPED_LAST } from '../queue/drop-priority.ts';
import { CLASSES, newSegment, type Segment, SegmentReader, segmentName } from './segment.ts';
import type { SpillFiles } from './spill-files.ts';
import { COMMIT, type Frame, lastSeqsOf, RECORD, topicOfFrame } from './spill-frame.ts';

/** How far the sink got: a file of two numbers. */
export const MARK = 'mark';

export interface SpillMark {
  /** All up to here is settled. */
  readonly settledSeq: number;
  /** Nothing above was ever with the sink; infinite where it is not known. */
  readonly handedSeq: number;
}

export interface RecoveredLog {
  /** By priority, oldest first. */
  readonly classes: Segment[][];
  /** The last record that is whole and has all before it. */
  readonly lastSeq: number;
  readonly mark: SpillMark;
  readonly topics: ReadonlySet<string>;
}

/**
 * Finds the files of a former process and cuts them behind the last commit that every class has its records of: what a
 * crash leaves is the beginning of the log, without holes. @throws Fault of another version
 */
export async function recoverLog(files: SpillFiles, now: number): Promise<RecoveredLog> {
  const classes: Segment[][] = CLASSES.map(() => []);
  const topics = new Set<string>();
  const lastSeqs = CLASSES.map(() => 0);
  let lastSeq = 0;
  const found = await files.list();
  for (const { name, bytes } of found) {
    const known = segmentName(name);
    if (known === undefined || known.priority > DROPPED_LAST) continue;
    const segment = newSegment(known.priority, known.firstSeq, now);
    await eachFrame(files, name, bytes, (frame) => {
      if (frame.type === RECORD) {
        topics.add(topicOfFrame(frame));
        segment.lastSeq = frame.seq;
        lastSeqs[segment.priority] = frame.seq;
      } else if (frame.type === COMMIT && hasAll(lastSeqsOf(frame), lastSeqs, classes)) {
        lastSeq = frame.seq;
      }
    });
    segment.bytes = bytes;
    classes[segment.priority]?.push(segment);
  }
  for (const segments of classes) await cut(files, segments, lastSeq);
  const hasMark = found.some(({ name }) => name === MARK);
  const isEmpty = classes.every((segments) => segments.length === 0);
  // Of a log that is gone: it says nothing of the numbers of the next one.
  if (hasMark && isEmpty) await files.remove(MARK);
  const mark = hasMark && !isEmpty ? await readMark(files) : NO_MARK;
  return { classes, lastSeq, mark: { ...mark, settledSeq: Math.min(mark.settledSeq, lastSeq) }, topics };
}

const NO_MARK: SpillMark = { settledSeq: 0, handedSeq: Number.POSITIVE_INFINITY };

/** Files sort by class, the commits' class last: what the others have is known by then. */
function hasAll(committed: readonly number[], lastSeqs: readonly number[], classes: readonly Segment[][]): boolean {
  return committed.every(
    (seq, priority) => priority === DROPPED_LAST || classes[priority]?.length === 0 || (lastSeqs[priority] ?? 0) >= seq,
  );
}

async function cut(files: SpillFiles, segments: Segment[], lastSeq: number): Promise<void> {
  for (const segment of [...segments].reverse()) {
    if (segment.lastSeq <= lastSeq && segment !== segments.at(-1)) continue;
    let end = 0;
    let records = 0;
    segment.lastSeq = segment.firstSeq;
    await eachFrame(files, segment.name, segment.bytes, (frame, frameEnd) => {
      if (frame.seq > lastSeq) return;
      end = frameEnd;
      if (frame.type !== RECORD) return;
      records++;
      segment.lastSeq = frame.seq;
    });
    // Without a record it may still hold the last commit.
    if (end === 0 || (records === 0 && segment.priority !== DROPPED_LAST)) {
      await files.remove(segment.name);
      segments.splice(segments.indexOf(segment), 1);
    } else if (end < segment.bytes) {
      await files.truncate(segment.name, end);
      segment.bytes = end;
    }
  }
}

/** Calls with every whole frame and where it ends in the file. */
async function eachFrame(
  files: SpillFiles,
  name: string,
  bytes: number,
  each: (frame: Frame, end: number) => void,
): Promise<void> {
  const reader = new SegmentReader(files, name);
  for (;;) {
    const frames = await reader.next(bytes);
    if (frames.length === 0) break;
    for (const frame of frames) each(frame, reader.end - ((frames.at(-1) as Frame).end - frame.end));
  }
  await files.release(name);
}

async function readMark(files: SpillFiles): Promise<SpillMark> {
  const text = Buffer.alloc(64);
  const bytes = await files.read(MARK, 0, text);
  await files.release(MARK);
  const [settledSeq, handedSeq] = text.toString('latin1', 0, bytes).split(' ').map(Number);
  return Number.isFinite(settledSeq) && Number.isFinite(handedSeq)
    ? { settledSeq: settledSeq as number, handedSeq: handedSeq as number }
    : NO_MARK;
}

export const markText = ({ settledSeq, handedSeq }: SpillMark): string => `${settledSeq} ${handedSeq}`;
