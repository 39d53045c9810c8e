import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lockFolder } from '../sinks/lock-folder.ts';
import { HistoryRefused, type HistorySpan } from './history-span.ts';
import type { SeriesName } from './last-record.ts';

/** Folder of the notes (progress files of jobs) and of the lock, beside the topics' folders. */
const NOTES = '.history';
/** Topics that only a running feed writes. */
const FEEDS_OWN = /(?:^|\.)(?:positions|feed-status)$/;

const noteSchema = z.object({
  arguments: z.string(),
  begin: z.number(),
  end: z.number(),
  run_begin: z.number(),
  complete: z.boolean(),
});

/** The last job for a series, as its progress file stores it. The written records show how far it got. */
export interface HistoryNote extends HistorySpan {
  /** The user's arguments; they identify the job. */
  readonly arguments: string;
  /** The trade id or open time at which the last run of records without a gap begins. */
  readonly unbrokenFrom: number;
  readonly complete: boolean;
}

/**
 * Locks the notes of the folder and returns the function that unlocks them. @throws HistoryRefused for a feed's folder,
 * FolderInUse if another job uses the folder
 */
export async function lockNotes(dir: string): Promise<() => void> {
  await mkdir(dir, { recursive: true });
  const own = (await readdir(dir)).find((name) => FEEDS_OWN.test(name));
  if (own !== undefined)
    throw new HistoryRefused(
      `--out: found ${dir}, a feed's folder (it has ${own}), allowed: a separate folder for past data`,
    );
  return lockFolder(join(dir, NOTES));
}

/** Reads the note of a series; undefined if there is no readable note. */
export async function readNote(dir: string, series: SeriesName): Promise<HistoryNote | undefined> {
  const text = await readFile(noteFile(dir, series), 'utf8').catch(() => '');
  try {
    const { run_begin, ...note } = noteSchema.parse(JSON.parse(text));
    return { ...note, unbrokenFrom: run_begin };
  } catch {
    return undefined;
  }
}

/** Replaces the note atomically. */
export async function writeNote(dir: string, series: SeriesName, note: HistoryNote): Promise<void> {
  const file = noteFile(dir, series);
  const { unbrokenFrom: run_begin, ...rest } = note;
  const text = JSON.stringify({ ...rest, run_begin } satisfies z.infer<typeof noteSchema>);
  await writeFile(`${file}.new`, text, { flush: true });
  await rename(`${file}.new`, file);
}

function noteFile(dir: string, { environment, kind, venue, symbol, interval }: SeriesName): string {
  const words = [environment, kind, venue, encodeURIComponent(symbol), ...(interval === undefined ? [] : [interval])];
  // 1m and 1M must differ, even on a file system that ignores case.
  return join(dir, NOTES, `${words.join('.').replace('1M', '1month')}.json`);
}
