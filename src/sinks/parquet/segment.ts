import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blockBodies } from '../../avro-file/container.ts';
import { FileBlocks } from '../../avro-file/file-blocks.ts';
import { listFiles } from '../../avro-file/file-name.ts';
import { damaged, openEither } from '../../avro-file/read-files.ts';
import { parseSchema } from '../../codec/schema-files.ts';
import { PartitionedFiles, type RowBudget } from '../../parquet/partitioned-files.ts';

/** The folder of the journal, in the sink's folder. Readers of Parquet files pass over names that start with a dot. */
export const JOURNAL = '.journal';
/** The suffix of an empty file that says that the segment beside it is converted. */
const DONE = '.done';
/** Bytes of converted segments of a topic that stay: a start reads there where each series ends. */
const KEPT_BYTES = 32 * 2 ** 20;

/** Converts one Avro file, such as a segment of the journal, to Parquet files, also while it is written. */
export class FileConversion {
  readonly #dir: string;
  readonly #path: string;
  readonly #budget: RowBudget;
  #blocks: FileBlocks | undefined;
  #files: PartitionedFiles | undefined;

  /**
   * @param dir the folder of the topics' Parquet files
   * @param path DIR/TOPIC/NAME.avro, where the file is once it is closed
   */
  constructor(dir: string, path: string, budget: RowBudget) {
    this.#dir = dir;
    this.#path = path;
    this.#budget = budget;
  }

  /** Converts the file's blocks up to this size. @throws Fault of kind `malformed`, or the file system's error */
  async advance(bytes: number): Promise<void> {
    const folder = dirname(this.#path);
    const name = basename(this.#path);
    this.#blocks ??= await openEither(folder, { name, open: true }, FileBlocks.open);
    const blocks = this.#blocks;
    if (blocks === undefined) throw damaged(this.#path, 'not found');
    // Later bytes may belong to records that are not acknowledged, and are then written again.
    while (blocks.offset < bytes) {
      const block = await blocks.next();
      const { header } = blocks;
      if (block === undefined || header === undefined) throw damaged(this.#path, `no whole block at ${blocks.offset}`);
      if (header.codec !== 'deflate' && header.codec !== 'null') throw damaged(this.#path, `codec ${header.codec}`);
      const topic = join(this.#dir, basename(folder));
      const stem = name.replace(/\.avro$/, '');
      this.#files ??= new PartitionedFiles(topic, stem, parseSchema(header.schemaJson), this.#budget);
      this.#files.add(await blockBodies(block.data, header.codec), block.count);
    }
  }

  /** Converts the rest of a closed file, and completes the Parquet files. @throws as `advance` */
  async finish(bytes: number): Promise<void> {
    await this.advance(bytes);
    this.#files?.finish();
    await this.#blocks?.close();
  }

  /** Gives up. The Parquet files stay hidden until another conversion of the file replaces them. */
  async discard(): Promise<void> {
    this.#files?.discard();
    await this.#blocks?.close();
  }
}

/** Marks a segment of the journal as converted, and removes old segments. @throws the file system's error */
export async function markConverted(path: string): Promise<void> {
  await writeFile(path + DONE, '');
  const folder = dirname(path);
  const converted = await convertedIn(folder);
  let kept = 0;
  for (const { name } of (await listFiles(folder)).toReversed()) {
    if (kept > KEPT_BYTES && converted.has(name)) {
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
