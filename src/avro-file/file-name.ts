import { readdir } from 'node:fs/promises';

/** The suffix of an open file's name, after `.avro`. */
export const PART = '.part';

const NAME = /^(\d{8}T\d{6})-(\d{10})\.avro(\.part)?$/;

export interface DataFile {
  /** Name of the file when it is closed: `20261121T083100-0000000001.avro`. */
  readonly name: string;
  /** When it was created, UTC, `20261121T083100`. */
  readonly stamp: string;
  readonly seq: number;
  /** True: still open, or left open by a crash; on disk its name ends in `.part`. */
  readonly open: boolean;
}

export const fileName = (stamp: string, seq: number): string => `${stamp}-${String(seq).padStart(10, '0')}.avro`;

/** Formats wall-clock milliseconds for a file's name. */
export const stampOf = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '');

/** Lists the files of a topic's folder in the order of their numbers; none if the folder does not exist. */
export async function listFiles(folder: string): Promise<readonly DataFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const [, stamp = '', seq, part] = NAME.exec(name) ?? [];
      return seq === undefined
        ? []
        : [{ name: fileName(stamp, Number(seq)), stamp, seq: Number(seq), open: part !== undefined }];
    })
    .sort((a, b) => a.seq - b.seq);
}
