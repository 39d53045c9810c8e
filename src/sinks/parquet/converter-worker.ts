import { parentPort, workerData } from 'node:worker_threads';
import { asFault } from '../../domain/fault.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { RowBudget } from '../../parquet/partitioned-files.ts';
import type { WrittenFile } from '../avro-file/topic-file.ts';
import { FileConversion } from './file-conversion.ts';
import { markConverted } from './journal.ts';

/** What became of one message: the conversion of a segment up to a size. */
export interface Converted extends WrittenFile {
  /** Why it failed, for people. */
  readonly problem?: string;
}

/** The thread of `converter`: converts segments of the journal, one message after the other. */
const port = parentPort;
if (port === null) throw new Error('this file is a thread of the Parquet sink');
const dir: string = workerData;
const budget = new RowBudget();
const conversions = new Map<string, FileConversion>();
let work = Promise.resolve();

port.on('message', (written: WrittenFile) => {
  work = work.then(async () => {
    const problem = await convert(written);
    const answer: Converted = problem === undefined ? written : { ...written, problem };
    port.postMessage(answer);
  });
});

/** Returns why it failed. Then the next message about the segment starts it anew. */
async function convert({ path, bytes, isClosed }: WrittenFile): Promise<string | undefined> {
  const conversion = getOrCreate(conversions, path, () => new FileConversion(dir, path, budget));
  try {
    if (!isClosed) await conversion.advance(bytes);
    else {
      await conversion.finish(bytes);
      await markConverted(path);
      conversions.delete(path);
    }
    return undefined;
  } catch (error) {
    conversions.delete(path);
    await conversion.discard().catch(() => {});
    return asFault(error).message;
  }
}
