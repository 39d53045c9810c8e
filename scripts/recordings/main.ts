/**
 * `make captures CAPTURES=DIR`: runs every recording below a folder through decoders, order books and the pipeline.
 * Prints a row for each. The exit code is 1 if one is invalid, or differs from the expectation in the file beside it.
 */
import { statSync } from 'node:fs';

const folder = process.argv[2];
if (folder === undefined || !(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
  process.stderr.write(`make captures CAPTURES=DIR: ${folder ?? 'no folder'} is no folder of recordings\n`);
  process.exit(2);
}
// The check loads the whole feed, which a wrong command does not need.
const { checkFolder } = await import('./check-folder.ts');
process.exitCode = (await checkFolder(folder, (text) => process.stdout.write(text))) ? 0 : 1;
