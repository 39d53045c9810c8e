import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listFiles } from '../../avro-file/file-name.ts';

/** The folder of the journal, in the sink's folder. Readers of Parquet files pass over names that start with a dot. */
export const JOURNAL = '.journal';
/** The suffix of an empty file that says that the segment beside it is converted. */
const DONE = '.done';
/** At least so many bytes of a topic's converted segments stay, in whole segments: a start reads where each series ends. */
const KEPT_BYTES = 32 * 2 ** 20;
/** The same for late trades: a healer that starts reads which trades of a gap are there. */
const KEPT_LATE_BYTES = 2 ** 30;

/** Marks a segment of the journal as converted, and removes old segments. @throws the file system's error */
export async function markConverted(path: string): Promise<void> {
  await writeFile(path + DONE, '');
  const folder = dirname(path);
  const converted = await convertedIn(folder);
  const keptBytes = folder.endsWith('late-trades') ? KEPT_LATE_BYTES : KEPT_BYTES;
  let kept = 0;
  for (const { name } of (await listFiles(folder)).toReversed()) {
    if (kept > keptBytes && converted.has(name)) {
      await rm(join(folder, name));
      await rm(join(folder, name + DONE));
    } else if (converted.has(name)) kept += (await stat(join(folder, name))).size;
  }
}

async function convertedIn(folder: string): Promise<ReadonlySet<string>> {
  const names = await readdir(folder);
  return new Set(names.filter((name) => name.endsWith(DONE)).map((name) => name.slice(0, -DONE.length)));
}

/** The closed segments in a topic's folder of the journal that are not converted. @throws the file system's error */
export async function unconverted(
  folder: string,
): Promise<readonly { readonly path: string; readonly bytes: number }[]> {
  const converted = await convertedIn(folder);
  const files = (await listFiles(folder)).filter(({ name, open }) => !open && !converted.has(name));
  return Promise.all(
    files.map(async ({ name }) => {
      const path = join(folder, name);
      return { path, bytes: (await stat(path)).size };
    }),
  );
}
