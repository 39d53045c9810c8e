import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CaptureFormat } from '../../src/capture/capture-row.ts';
import { type CaptureRow, captureHeader, detectFormat, readCapture } from '../../src/capture/read-capture.ts';
import { collect } from '../sinks/avro-file/collect.ts';
import { captureFolder } from './temporary-folder.ts';

const NEWLINE = Buffer.from('\n');
const HEADER = '{"format":"market-feed-capture","version":1}';

async function file(lines: readonly string[], name = 'a.gz', end = '\n'): Promise<string> {
  const path = join(await captureFolder(), name);
  const text = lines.join('\n') + end;
  await writeFile(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function lines(content: readonly string[], format: CaptureFormat): Promise<CaptureRow[]> {
  return collect(readCapture(await file(content), format, { strict: true }));
}

describe('readCapture', () => {
  it('reads each format, with times in whole microseconds', async () => {
    const frame = { kind: 'frame', connection: '', binary: false };
    expect(await lines([HEADER, '1723161253937085768 binance:1 {"a":1}'], 'market-feed')).toEqual([
      { ...frame, connection: 'binance:1', at: 1_723_161_253_937_085, frame: Buffer.from('{"a":1}') },
    ]);
    expect(
      await lines(['1723161253937085768 {"a":1}', '1723161254000000000 {"lastUpdateId":1}'], 'hftbacktest'),
    ).toEqual([
      { ...frame, at: 1_723_161_253_937_085, frame: Buffer.from('{"a":1}') },
      { kind: 'body', connection: '', at: 1_723_161_254_000_000, body: '{"lastUpdateId":1}' },
    ]);
    expect(await lines(['{"a":1}', '', '[2]'], 'ndjson')).toEqual([
      { ...frame, at: undefined, frame: Buffer.from('{"a":1}') },
      { ...frame, at: undefined, frame: Buffer.from('[2]') },
    ]);
    const cryptofeed = [
      'wss://example -> 1.5',
      '1617566591.326123: {"a":1}',
      'https://x/y?z=1 -> 1617566592.5: {"b":2}',
    ];
    expect(await lines(cryptofeed, 'cryptofeed')).toEqual([
      { ...frame, at: 1_617_566_591_326_123, frame: Buffer.from('{"a":1}') },
      { kind: 'body', connection: '', at: 1_617_566_592_500_000, body: '{"b":2}' },
    ]);
  });

  it('stops at a row that is longer than allowed, after the rows before it', async () => {
    const path = join(await captureFolder(), 'endless.gz');
    await writeFile(
      path,
      gzipSync(Buffer.concat([Buffer.from('{"a":1}\n'), Buffer.alloc(80 * 2 ** 20, '['), NEWLINE])),
    );
    const read: CaptureRow[] = [];
    const all = (async () => {
      for await (const row of readCapture(path, 'ndjson')) read.push(row);
    })();
    await expect(all).rejects.toThrow(`${path}: a row has more than 67108864 bytes, after row 1`);
    expect(read).toHaveLength(1);
  });

  it('reads plain and gzipped files with LF or CRLF, with or without a final newline', async () => {
    for (const path of [
      await file(['{"a":1}', '{"b":2}'], 'plain.ndjson'),
      await file(['{"a":1}\r', '{"b":2}\r'], 'windows.ndjson'),
      await file(['{"a":1}', '{"b":2}'], 'open.gz', ''),
    ]) {
      const read = await collect(readCapture(path, 'ndjson', { strict: true }));
      expect(read.map((line) => line.kind === 'frame' && line.frame.toString())).toEqual(['{"a":1}', '{"b":2}']);
    }
  });

  it.each([1, 512, 100_000])('reads a gzip file completely if %i zero bytes follow the gzip data', async (count) => {
    const path = join(await captureFolder(), 'padded.gz');
    await writeFile(path, Buffer.concat([gzipSync('{"a":1}\n{"b":2}\n'), Buffer.alloc(count)]));
    expect(await collect(readCapture(path, 'ndjson', { strict: true }))).toHaveLength(2);
  });

  it('reads rows that span several chunks of the file, and several rows of one chunk', async () => {
    const sizes = [10, 300_000, 32_768, 0, 65_537, 20, 700_000];
    const content = sizes.flatMap((size, index) => [
      `1723161253937085768 binance:${index} {"x":"${'y'.repeat(size)}"}`,
      `1723161253937085768 binance:${index} ! ping`,
    ]);
    for (const name of ['long.gz', 'long.txt']) {
      const path = await file([HEADER, ...content], name);
      const read = await collect(readCapture(path, 'market-feed', { strict: true }));
      expect(read.map(({ connection }) => connection)).toEqual(
        sizes.flatMap((_, index) => Array(2).fill(`binance:${index}`)),
      );
      const frames = read.flatMap((line) => (line.kind === 'frame' ? [line.frame.toString()] : []));
      expect(frames).toEqual(sizes.map((size) => `{"x":"${'y'.repeat(size)}"}`));
    }
  });

  it('reads the file as a stream, at most a chunk ahead of the emitted rows', async () => {
    const path = await file(Array.from({ length: 40_000 }, () => `{"noise":"${randomBytes(90).toString('base64')}"}`));
    let bytes = 0;
    let count = 0;
    for await (const line of readCapture(path, 'ndjson', { onRead: (more) => (bytes += more) })) {
      count++;
      // A compressed row has 96 bytes. The reader is at most one chunk ahead.
      if (line.kind === 'frame') expect(bytes).toBeLessThan(count * 110 + 128 * 1024);
    }
    expect({ count, large: bytes > 3_000_000 }).toEqual({ count: 40_000, large: true });
  });
});

describe('readCapture with invalid input', () => {
  it.each([
    [
      'market-feed',
      [HEADER, '1723161253937085000 binance:1 {"a":1}', 'rubbish'],
      ':3: not a row of a market-feed capture: "rubbish"',
    ],
    ['market-feed', [HEADER, '1723161253937085000 binance:1 ! dance'], ':2: not a row of a market-feed capture'],
    ['market-feed', [HEADER, '1723161253937085000 binance:1 ! ended {"kind'], ':2: not a row of a market-feed capture'],
    ['market-feed', [HEADER, '1723161253937085000 binance:1 plain'], ':2: not a row of a market-feed capture'],
    ['hftbacktest', ['1723161253937085000 {"a":1}', '1723161253937085000'], ':2: not a row of a hftbacktest capture'],
    ['ndjson', ['{"a":1}', 'hello'], ':2: not a row of a ndjson capture: "hello"'],
    [
      'market-feed',
      ['{"format":"market-feed-capture","version":2}'],
      ': a capture of version 2; this program reads version 1',
    ],
    ['market-feed', ['{"format":"other"}'], ': not a capture of market-feed: the format of its header is "other"'],
    [
      'market-feed',
      ['1723161253937085000 {"a":1}'],
      ': not a capture of market-feed: its first row is not a JSON header',
    ],
  ] as const)('names the file and the problem in the error for %s: %j', async (format, content, message) => {
    const path = await file(content);
    await expect(collect(readCapture(path, format, { strict: true }))).rejects.toThrow(path + message);
  });

  it('skips invalid rows unless it is strict', async () => {
    const path = await file([HEADER, 'rubbish', '1723161253937085000 binance:1 {"a":1}']);
    expect(await collect(readCapture(path, 'market-feed'))).toHaveLength(1);
  });

  it('reports a missing, an empty, an unknown and a damaged file', async () => {
    const folder = await captureFolder();
    await expect(collect(readCapture(join(folder, 'missing'), 'ndjson'))).rejects.toThrow(/missing: ENOENT/);
    await expect(captureHeader(await file([], 'empty.gz', ''))).rejects.toThrow(/empty\.gz: empty, not a capture/);
    await expect(detectFormat(await file(['hello']))).rejects.toThrow(/not a capture of a known format/);
    const noise = Array.from({ length: 5000 }, () => `{"noise":"${randomBytes(40).toString('hex')}"}`);
    const zipped = gzipSync(noise.join('\n'));
    const damaged = join(folder, 'damaged.gz');
    await writeFile(damaged, zipped.fill(0xff, zipped.length - 1000, zipped.length - 500));
    const read: CaptureRow[] = [];
    await expect(async () => {
      for await (const line of readCapture(damaged, 'ndjson')) read.push(line);
    }).rejects.toThrow(/damaged\.gz: (invalid|incorrect) .*, after row [34]\d\d\d$/);
    expect(read.length).toBeGreaterThan(3000);
  });

  it('emits the readable rows of a truncated file before the error, each time it is read', async () => {
    const whole = Array.from({ length: 5000 }, (_, id) => `{"id":${id},"noise":"${randomBytes(20).toString('hex')}"}`);
    const path = join(await captureFolder(), 'cut.gz');
    const zipped = gzipSync(`${whole.join('\n')}\n`);
    await writeFile(path, zipped.subarray(0, zipped.length - 9));
    for (const _ of [1, 2, 3]) {
      const read: CaptureRow[] = [];
      await expect(async () => {
        for await (const line of readCapture(path, 'ndjson', { strict: true })) read.push(line);
      }).rejects.toThrow(/cut\.gz: torn, after row 4\d\d\d|cut\.gz: torn, after row 5000/);
      expect(read.length).toBeGreaterThan(4900);
    }
  });
});
