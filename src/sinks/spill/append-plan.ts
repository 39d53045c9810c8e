import { asFault, Fault } from '../../domain/fault.ts';
import type { OutRecord } from '../contract.ts';
import { DROPPED_LAST, dropPriorityOf } from '../queue/drop-priority.ts';
import type { TradeLoss } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import { newSegment, type Segment, Tally } from './segment.ts';
import { commitFrame, lossFrame, recordFrame, segmentHead } from './spill-frame.ts';

/** What an append to the log writes, and what it drops to make room. */
export interface AppendPlan {
  /** Records that no schema fits: they are nowhere. */
  readonly rejected: readonly { readonly out: OutRecord; readonly fault: Fault }[];
  /** Files that have to go. */
  readonly victims: readonly Segment[];
  /** The records that are dropped, on the disk or on their way there. */
  readonly dropped: readonly Tally[];
  readonly writes: readonly SegmentWrite[];
  readonly lastSeq: number;
}

export interface SegmentWrite {
  readonly segment: Segment;
  readonly entries: readonly QueueEntry[];
  readonly bytes: Buffer;
}

export interface AppendLimits {
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly now: number;
  /** Records up to here were handed out already: they do not count as dropped. */
  readonly handedSeq: number;
  /** The last sequence number in the log. */
  readonly lastSeq: number;
}

/** The records and files of one drop priority. */
interface Part {
  readonly priority: number;
  entries: QueueEntry[];
  frames: Buffer[];
  /** The files that stay, oldest first. */
  readonly kept: Segment[];
}

/** Room for the end of an append: its commit, and the losses that it has to remember. */
const COMMIT_BYTES = 4096;

/**
 * Plans the write of `entries` behind the files in `classes`, with the losses that have to be remembered.
 * @throws Fault if the limit leaves no room for the records of the highest priority
 */
export function planAppend(
  classes: readonly (readonly Segment[])[],
  entries: readonly QueueEntry[],
  losses: readonly TradeLoss[],
  limits: AppendLimits,
): AppendPlan {
  const parts = classes.map((segments, priority): Part => ({ priority, entries: [], frames: [], kept: [...segments] }));
  const rejected: { out: OutRecord; fault: Fault }[] = [];
  for (const entry of entries) {
    try {
      const frame = recordFrame(entry);
      const part = parts[dropPriorityOf(entry.out.record)];
      part?.entries.push(entry);
      part?.frames.push(frame);
    } catch (error) {
      rejected.push({ out: entry.out, fault: asFault(error) });
    }
  }
  const { victims, refused } = makeRoom(parts, limits);
  const dropped = [...victims.map(({ tally }) => tally), ...refused.map((own) => tallyOf(own, limits.handedSeq))];
  const lost = [...losses, ...dropped.flatMap((tally) => [...tally.losses.values()])];
  const lastSeq = entries.at(-1)?.seq ?? limits.lastSeq;
  const writes = writesOf(parts, lost, lastSeq, limits);
  return { rejected, victims, dropped: dropped.filter(({ count }) => count > 0), writes, lastSeq };
}

/** Drops the oldest files and records of the lowest priority until the rest fits. */
function makeRoom(
  parts: readonly Part[],
  limits: AppendLimits,
): { readonly victims: Segment[]; readonly refused: QueueEntry[][] } {
  const victims: Segment[] = [];
  const refused: QueueEntry[][] = [];
  while (parts.reduce((size, part) => size + sizeOf(part, limits), COMMIT_BYTES) > limits.maxBytes) {
    const part = parts.find(({ entries, kept }) => entries.length + kept.length > 0);
    if (part === undefined || part.priority === DROPPED_LAST) {
      throw new Fault('sink', `spill: its limit of ${limits.maxBytes} bytes is reached`);
    }
    const victim = part.kept.shift();
    if (victim !== undefined) {
      victims.push(victim);
    } else {
      refused.push(part.entries);
      part.entries = [];
      part.frames = [];
    }
  }
  return { victims, refused };
}

function writesOf(
  parts: readonly Part[],
  lost: readonly TradeLoss[],
  lastSeq: number,
  limits: AppendLimits,
): SegmentWrite[] {
  const targets = parts.map((part) => targetOf(part, lastSeq, limits));
  const lastSeqs = parts.map(({ entries, priority }) => entries.at(-1)?.seq ?? targets[priority]?.lastSeq ?? 0);
  return parts.flatMap(({ priority, entries, frames }) => {
    const segment = targets[priority];
    const commits = priority === DROPPED_LAST;
    if (segment === undefined || (entries.length === 0 && !commits)) return [];
    const end = commits ? [...lost.map((loss) => lossFrame(lastSeq, loss)), commitFrame(lastSeq, lastSeqs)] : [];
    const bytes = Buffer.concat([...(segment.bytes === 0 ? [segmentHead()] : []), ...frames, ...end]);
    return [{ segment, entries, bytes }];
  });
}

/** The bytes of the files of a priority after the append. */
function sizeOf(part: Part, limits: AppendLimits): number {
  const head = targetOf(part, 0, limits)?.bytes === 0 ? segmentHead().length : 0;
  const frames = part.frames.reduce((size, { length }) => size + length, 0);
  return head + frames + part.kept.reduce((size, { bytes }) => size + bytes, 0);
}

/** The file that the next records of a priority go to; undefined: there are none, and none before them. */
function targetOf({ priority, entries, kept }: Part, lastSeq: number, limits: AppendLimits): Segment | undefined {
  const last = kept.at(-1);
  if (last !== undefined && (last.bytes < limits.segmentBytes || entries.length === 0)) return last;
  if (entries.length === 0 && priority !== DROPPED_LAST) return undefined;
  return newSegment(priority, entries[0]?.seq ?? lastSeq, limits.now);
}

function tallyOf(entries: readonly QueueEntry[], handedSeq: number): Tally {
  const tally = new Tally();
  for (const entry of entries) if (entry.seq > handedSeq) tally.add(entry);
  return tally;
}
