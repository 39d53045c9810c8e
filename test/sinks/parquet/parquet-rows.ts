import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';

/** The rows of all complete Parquet files in DIR/TOPIC, in the order of the files' names, each with its folder. */
export async function parquetRows(dir: string, topic: string): Promise<readonly Record<string, unknown>[]> {
  const folder = join(dir, topic);
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const complete = files.filter(({ name }) => name.endsWith('.parquet') && !name.startsWith('.'));
  const rows: Record<string, unknown>[] = [];
  for (const { parentPath, name } of complete.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { buffer } = Uint8Array.from(await readFile(join(parentPath, name)));
    const compressors = { ZSTD: (page: Uint8Array) => zstdDecompressSync(page) };
    const found = await parquetReadObjects({ file: buffer, compressors });
    rows.push(...found.map((row) => ({ ...row, folder: parentPath.slice(folder.length + 1) })));
  }
  return rows;
}
