import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaptureMark } from '../../src/capture/capture-row.ts';
import { CaptureWriter } from '../../src/capture/capture-writer.ts';
import { type CaptureRow, captureHeader, readCapture } from '../../src/capture/read-capture.ts';
import { until } from '../../testing/tools/until.ts';
import { collect } from '../sinks/avro-file/collect.ts';
import { captureFolder } from './temporary-folder.ts';

const AT = 1_723_161_253_937_085;
const frame = (data: string | Uint8Array, binary = false, receivedAt = AT) => ({
  data: typeof data === 'string' ? Buffer.from(data) : data,
  binary,
  receivedAt,
});

async function inNewFile(write: (capture: CaptureWriter) => void): Promise<string> {
  const path = join(await captureFolder(), 'a.capture.gz');
  const capture = await CaptureWriter.create(path, { startedMicros: AT });
  write(capture);
  await capture.close();
  return path;
}

const read = (path: string): Promise<CaptureRow[]> => collect(readCapture(path, 'market-feed', { strict: true }));

describe('CaptureWriter', () => {
  it('writes gzipped text: a header, then one row for each frame or mark', async () => {
    const path = join(await captureFolder(), 'a.capture.gz');
    const capture = await CaptureWriter.create(path, { startedMicros: AT, seed: 7, config: { quote: 'USDT' } });
    capture.mark('binance:1', AT, { verb: 'connecting', url: 'wss://example.org/stream' });
    capture.mark('binance:1', AT + 1, { verb: 'connected' });
    capture.frame('binance:1', frame('{"stream":"btcusdt@trade","data":{"name":"Ünïcode"}}', false, AT + 2));
    capture.frame('binance:1', frame('pong', false, AT + 3));
    capture.mark('binance:1', AT + 4, { verb: 'closed' });
    expect(capture.rows).toBe(5);
    await capture.close();
    expect(gunzipSync(await readFile(path)).toString()).toBe(
      [
        '{"format":"market-feed-capture","version":1,"started_ns":"1723161253937085000","seed":7,"config":{"quote":"USDT"}}',
        '1723161253937085000 binance:1 ! connecting wss://example.org/stream',
        '1723161253937086000 binance:1 ! connected',
        '1723161253937087000 binance:1 {"stream":"btcusdt@trade","data":{"name":"Ünïcode"}}',
        '1723161253937088000 binance:1 ! text cG9uZw==',
        '1723161253937089000 binance:1 ! closed',
        '',
      ].join('\n'),
    );
    expect(await captureHeader(path)).toMatchObject({ version: 1, seed: 7, config: { quote: 'USDT' } });
    expect(capture.bytes).toBe((await readFile(path)).length);
  });

  it('preserves every frame byte by byte, whatever it contains', async () => {
    const odd = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .constantFrom('{"a":1}\n{"b":2}', '{"a":1}\r', '[1]', '! closed', '{', '', ' {"a":1}', '{"a":"\u2028"}')
        .map((text) => Buffer.from(text)),
      fc.constantFrom(70_000, 200_000).map((size) => Buffer.from(`{"large":"${'x'.repeat(size)}"}`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(odd, fc.boolean()), { minLength: 1, maxLength: 30 }), async (frames) => {
        const path = await inNewFile((capture) => {
          for (const [index, [data, binary]] of frames.entries())
            capture.frame(`bybit:${(index % 3) + 1}`, frame(data, binary, AT + index));
        });
        const lines = await read(path);
        expect(lines.map((line) => line.kind === 'frame' && [line.binary, line.at])).toEqual(
          frames.map(([, binary], index) => [binary, AT + index]),
        );
        // `toEqual` compares long buffers slowly.
        const differs = lines.findIndex((line, index) => {
          return line.kind !== 'frame' || !line.frame.equals(frames[index]?.[0] ?? Buffer.of());
        });
        expect(differs).toBe(-1);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('preserves every mark', async () => {
    const marks: CaptureMark[] = [
      { verb: 'connecting', url: 'wss://example.org/stream' },
      { verb: 'connected' },
      { verb: 'ping' },
      { verb: 'pong' },
      { verb: 'closed' },
      { verb: 'ended', end: { kind: 'refused', refusal: { status: 451, headers: { server: 'a' }, body: '<b>\n"é' } } },
      {
        verb: 'ended',
        end: {
          kind: 'failed',
          fault: { kind: 'connection_closed', message: 'gone', retry: { kind: 'after', afterMs: 5 }, status: 1006 },
        },
      },
      { verb: 'answer', answer: { path: '/api?a=1', status: 200, headers: { 'x-weight': '2' }, body: '[\n{"a":1}]' } },
      { verb: 'clock', stepMicros: -3_600_000_000 },
    ];
    const path = await inNewFile((capture) => {
      for (const mark of marks) capture.mark('binance:rest', AT, mark);
    });
    const lines = await read(path);
    expect(lines.map((line) => line.kind === 'mark' && line.mark)).toEqual(marks);
  });

  it('leaves a file that is readable up to the last flush, and then torn, if the process dies', async () => {
    const folder = await captureFolder();
    const capture = await CaptureWriter.create(join(folder, 'a.gz'), { startedMicros: AT });
    for (let id = 0; id < 1000; id++) capture.frame('binance:1', frame(`{"id":${id}}`));
    capture.flush();
    await until(() => capture.bytes > 1000);
    capture.frame('binance:1', frame('{"lost":true}'));
    const torn = join(folder, 'torn.gz');
    await writeFile(torn, await readFile(join(folder, 'a.gz')));
    const lines: CaptureRow[] = [];
    await expect(async () => {
      for await (const line of readCapture(torn, 'market-feed', { strict: true })) lines.push(line);
    }).rejects.toThrow(`${torn}: torn, after row 1001 (unexpected end of file)`);
    expect(lines).toHaveLength(1000);
    await capture.close();
    expect(await read(join(folder, 'a.gz'))).toHaveLength(1001);
  });

  it('never overwrites an existing file', async () => {
    const path = join(await captureFolder(), 'a.gz');
    await writeFile(path, 'kept');
    await expect(CaptureWriter.create(path, { startedMicros: AT })).rejects.toThrow(/EEXIST/);
    expect(await readFile(path, 'utf8')).toBe('kept');
  });

  it('fails for good if too many bytes wait for the disk', async () => {
    const failures: Error[] = [];
    const capture = await CaptureWriter.create(join(await captureFolder(), 'a.gz'), {
      startedMicros: AT,
      maxWaitingBytes: 1_000_000,
      onFailed: (error) => failures.push(error),
    });
    for (let id = 0; id < 50_000; id++) capture.frame('binance:1', frame(`{"id":${id},"filler":"${'x'.repeat(50)}"}`));
    expect(failures.map(({ message }) => message)).toEqual(['more than 1000000 bytes wait for the disk']);
    await expect(capture.close()).rejects.toThrow('more than 1000000 bytes wait for the disk');
  });
});
