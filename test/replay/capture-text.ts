import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { captureFolder } from '../capture/temporary-folder.ts';

/** Start of the captures of these tests, milliseconds since 1970: 2026-11-21T00:00:00Z. */
export const START = 1_795_219_200_000;

export const HEADER = `{"format":"market-feed-capture","version":1,"started_ns":"${START}000000","seed":1}`;

/** A row of a capture, `ms` after its start. */
export const line = (ms: number, connection: string, what: string): string =>
  `${START + ms}000000 ${connection === '' ? '' : `${connection} `}${what}`;

export const trade = (ms: number, id: number, symbol = 'BTCUSDT'): string =>
  JSON.stringify({
    stream: `${symbol.toLowerCase()}@trade`,
    data: {
      e: 'trade',
      E: START + ms,
      s: symbol,
      t: id,
      p: '61837.63000000',
      q: '0.02000000',
      T: START + ms,
      m: true,
      M: true,
    },
  });

export async function captureFile(lines: readonly string[]): Promise<string> {
  const path = join(await captureFolder(), 'a.capture.gz');
  await writeFile(path, gzipSync(`${lines.join('\n')}\n`));
  return path;
}
