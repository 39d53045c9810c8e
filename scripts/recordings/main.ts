/**
 * `make captures CAPTURES=DIR`: runs every recording below a folder through decoders, order books and the pipeline.
 * Prints a row for each. The exit code is 1 if one is invalid, or differs from the expectation in the file beside it.
 */
import { statSync } from 'node:fs';
import { styleText } from 'node:util';
import { checkBody } from './bodies.ts';
import { checkBook } from './books.ts';
import type { CheckResult } from './check-result.ts';
import { type Recording, recordingsIn } from './recordings.ts';
import { checkSession } from './sessions.ts';

const folder = process.argv[2];
if (folder === undefined || !(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
  process.stderr.write(`make captures CAPTURES=DIR: ${folder ?? 'no folder'} is no folder of recordings\n`);
  process.exit(2);
}

async function check(recording: Recording): Promise<CheckResult> {
  try {
    if (recording.kind === 'book') return checkBook(recording);
    return recording.kind === 'body' ? checkBody(recording) : await checkSession(recording);
  } catch (error) {
    return { notes: [], wrong: [error instanceof Error ? error.message : String(error)] };
  }
}

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
  process.stdout.write(`${mark} ${recording.name}: ${lines.join('\n')}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
