import { basename, dirname, join } from 'node:path';
import { type FileBlock, FileBlocks } from '../../avro-file/file-blocks.ts';
import { bodiesReader, damaged, openEither } from '../../avro-file/read-files.ts';
import { parseSchema } from '../../codec/schema-files.ts';
import { asFault } from '../../domain/fault.ts';
import { PartitionedFiles, type RowBudget } from '../../parquet/partitioned-files.ts';
import { topicFiles } from '../../parquet/topic-files.ts';

/** Converts one Avro file, such as a segment of the journal, to Parquet files, also while it is written. */
export class FileConversion {
  readonly #dir: string;
  readonly #path: string;
  readonly #budget: RowBudget;
  #blocks: FileBlocks | undefined;
  #bodiesOf: ((block: FileBlock) => Promise<Buffer>) | undefined;
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
      // A file without records has only a header.
      if (block === undefined && header !== undefined && blocks.offset === bytes) return;
      if (block === undefined || header === undefined) throw damaged(this.#path, `no whole block at ${blocks.offset}`);
      this.#files ??= this.#newFiles(header.schemaJson);
      this.#bodiesOf ??= bodiesReader(header, this.#path);
      this.#add(this.#files, await this.#bodiesOf(block), block.count);
    }
  }

  #newFiles(schemaJson: string): PartitionedFiles {
    const topic = basename(dirname(this.#path));
    const { folder, name } = topicFiles(topic, basename(this.#path, '.avro'));
    return new PartitionedFiles(join(this.#dir, folder), name, parseSchema(schemaJson), this.#budget);
  }

  #add(files: PartitionedFiles, bodies: Buffer, count: number): void {
    try {
      files.add(bodies, count);
    } catch (error) {
      // The file system's error is about a Parquet file. It names the path.
      if (error instanceof Error && 'syscall' in error) throw error;
      throw damaged(this.#path, asFault(error).message);
    }
  }

  /** Converts the rest of a closed file, and completes the Parquet files. @throws as `advance` */
  async finish(bytes: number): Promise<void> {
    await this.advance(bytes);
    await this.#files?.finish();
    await this.#blocks?.close();
  }

  /** Gives up. The Parquet files stay hidden until another conversion of the file replaces them. */
  async discard(): Promise<void> {
    this.#files?.discard();
    await this.#blocks?.close();
  }
}
