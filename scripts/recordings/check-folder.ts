import { styleText } from 'node:util';
import { checkBody } from './bodies.ts';
import { checkBook } from './books.ts';
import type { CheckResult } from './check-result.ts';
import { type Recording, recordingsIn } from './recordings.ts';
import { checkSession } from './sessions.ts';

async function check(recording: Recording): Promise<CheckResult> {
  try {
    if (recording.kind === 'book') return checkBook(recording);
    return recording.kind === 'body' ? checkBody(recording) : await checkSession(recording);
  } catch (error) {
    return { notes: [], wrong: [error instanceof Error ? error.message : String(error)] };
  }
}

/**
 * Checks every recording below the folder, and writes a row for each, then the totals. Returns true if at least one
 * recording passed and none failed.
 */
export async function checkFolder(folder: string, write: (text: string) => void): Promise<boolean> {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const recording of recordingsIn(folder)) {
    const { notes, wrong, skipped: why } = await check(recording);
    if (why !== undefined) skipped++;
    else if (wrong.length > 0) failed++;
    else passed++;
    const mark =
      why !== undefined
        ? styleText('yellow', 'skipped')
        : wrong.length > 0
          ? styleText('red', 'FAILED ')
          : styleText('green', 'ok     ');
    const lines = why === undefined ? [notes.join('; '), ...wrong.map((text) => `        ${text}`)] : [why];
    write(`${mark} ${recording.name}: ${lines.join('\n')}\n`);
  }
  write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 && passed > 0;
}
