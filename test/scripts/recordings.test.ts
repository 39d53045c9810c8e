import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkFolder } from '../../scripts/recordings/check-folder.ts';
import { recordings } from '../../testing/feeds/recordings.ts';
import { root } from '../../testing/tools/tools.ts';

/** Runs the command of `make captures CAPTURES=DIR`. */
function makeCaptures(...folder: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const script = join(root, 'scripts/recordings/main.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...folder], { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout: stripVTControlCharacters(stdout), stderr }),
    );
  });
}

/** Checks the recordings in this process. */
async function checked(folder: string): Promise<{ passed: boolean; stdout: string }> {
  let stdout = '';
  const passed = await checkFolder(folder, (text) => {
    stdout += stripVTControlCharacters(text);
  });
  return { passed, stdout };
}

/** Creates a folder with these files, which is deleted after the test. */
async function folderOf(files: Readonly<Record<string, string | Buffer>>) {
  const path = await mkdtemp(join(tmpdir(), 'recordings-test-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const lines = (...frames: readonly object[]): string => frames.map((frame) => `${JSON.stringify(frame)}\n`).join('');

const depth = (from: number, to: number, bids: readonly string[][], asks: readonly string[][]) => ({
  stream: 'btcusdt@depth@100ms',
  data: { e: 'depthUpdate', E: 1_700_000_000_000 + to, s: 'BTCUSDT', U: from, u: to, b: bids, a: asks },
});

const trade = (id: number) => {
  const T = 1_700_000_000_000 + id;
  const data = { e: 'trade', E: T, s: 'BTCUSDT', t: id, p: '100.50000000', q: '1.00000000', T, m: false, M: true };
  return { stream: 'btcusdt@trade', data };
};

/** Three book changes: one that the snapshot already contains, one that overlaps it, and one after it. */
const STREAM = lines(
  depth(90, 95, [['1.00', '1']], []),
  depth(96, 102, [['99.00000000', '2.50000000']], [['101.00000000', '0.00000000']]),
  depth(103, 103, [['98.00', '1']], []),
);
const SNAPSHOT = JSON.stringify({
  lastUpdateId: 100,
  bids: [['99.00000000', '1.00000000']],
  asks: [
    ['101.00000000', '1.00000000'],
    ['102.00000000', '3.00000000'],
  ],
});
const EXPECTED = {
  finalUpdateId: '103',
  applied: 2,
  ignored: 1,
  bids: [
    ['99.00', '2.5'],
    ['98.00000000', '1.00'],
  ],
  asks: [['102.00', '3']],
};
const BOOK = {
  'books/binance-BTCUSDT.depth.ndjson.gz': gzipSync(STREAM),
  'books/binance-BTCUSDT.rest-depth.json': SNAPSHOT,
  'books/binance-BTCUSDT.meta.json': JSON.stringify({ depthFramesReceivedBeforeRestResponse: 1 }),
};

describe('make captures', () => {
  it('accepts every recording in test/recordings, which have less than 1 MB in total', async () => {
    const { code, stdout } = await makeCaptures(recordings);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('21 passed, 0 failed, 0 skipped');
    expect(code).toBe(0);
    const files = await readdir(recordings, { recursive: true });
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(recordings, name))).size));
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(1_000_000);
  });

  it('reports ok for each recording that matches its expectation', async () => {
    await using folder = await folderOf({
      ...BOOK,
      'books/binance-BTCUSDT.expected.json': JSON.stringify(EXPECTED),
      'binance-trades.ndjson': lines(trade(1), trade(2), trade(2), trade(3)),
      'binance-trades.expected.json': JSON.stringify({ frames: 4, trade: 4, malformed: 0 }),
    });
    const { passed, stdout } = await checked(folder.path);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ok +binance-trades\.ndjson: 4 frames: trade 4; pipeline: .*replay\.trades 3\b/),
      'ok      books/binance-BTCUSDT: 2 applied, 1 ignored, 0 gaps, id 103; as binance-BTCUSDT.expected.json expects',
      '2 passed, 0 failed, 0 skipped',
    ]);
    expect(passed).toBe(true);
  });

  it.each([
    ['the final id', { finalUpdateId: '104' }, 'finalUpdateId: expected "104", found "103"'],
    ['a level', { asks: [['102', '4']] }, 'asks: expected [["102","4"]], found [["102","3"]]'],
  ])('reports what differs from the expectation: %s', async (_, wrong, message) => {
    const expected = JSON.stringify({ ...EXPECTED, ...wrong });
    await using folder = await folderOf({ ...BOOK, 'books/binance-BTCUSDT.expected.json': expected });
    const { passed, stdout } = await checked(folder.path);
    expect(stdout).toMatch(/^FAILED +books\/binance-BTCUSDT: /);
    expect(stdout).toContain(message);
    expect(stdout).toContain('0 passed, 1 failed, 0 skipped');
    expect(passed).toBe(false);
  });

  it('fails for a gap in a stream of book changes, even without an expectation', async () => {
    const stream = STREAM + lines(depth(105, 106, [], []));
    await using folder = await folderOf({ ...BOOK, 'books/binance-BTCUSDT.depth.ndjson.gz': gzipSync(stream) });
    const { passed, stdout } = await checked(folder.path);
    expect(stdout).toMatch(/^FAILED +books\/binance-BTCUSDT: .*\n +1 gaps$/m);
    expect(passed).toBe(false);
  });

  it('fails for a gap in the book changes of a session', async () => {
    const session = (...changes: readonly object[]) =>
      `${lines(depth(96, 99, [], []))}${SNAPSHOT}\n${lines(...changes)}`;
    const whole = session(depth(100, 102, [], []), depth(103, 104, [], []), trade(1));
    await using folder = await folderOf({ 'binance-whole.ndjson': whole });
    expect(await checked(folder.path)).toMatchObject({ passed: true });
    const broken = session(depth(100, 102, [], []), depth(105, 106, [], []), trade(1));
    await using other = await folderOf({ 'binance-broken.ndjson': broken });
    const { passed, stdout } = await checked(other.path);
    expect(stdout).toMatch(/^FAILED +binance-broken\.ndjson: /);
    expect(stdout).toContain('BTCUSDT: the book fell out of step');
    expect(passed).toBe(false);
  });

  it('accepts a book that needs deeper levels than the fetched ones, without a gap', async () => {
    const [bid, ask] = [
      ['99', '1'],
      ['101', '1'],
    ];
    const snapshot = {
      lastUpdateId: 100,
      bids: [bid, ['98', '1'], ['97', '1'], ['96', '1'], ['95', '1']],
      asks: [ask, ['102', '1'], ['103', '1'], ['104', '1'], ['105', '1']],
    };
    const gone = snapshot.bids.map(([price = '']) => [price, '0']);
    const stream = lines(
      depth(101, 101, [['99', '2']], []),
      depth(102, 102, [...gone, ['90', '4']], []),
      depth(103, 103, [], [ask]),
    );
    const expected = { applied: 3, ignored: 0, finalUpdateId: '103', bids: [['90', '4']] };
    await using folder = await folderOf({
      'binance-BTCUSDT.depth.ndjson': stream,
      'binance-BTCUSDT.rest-depth.json': JSON.stringify(snapshot),
      'binance-BTCUSDT.meta.json': JSON.stringify({ depthFramesReceivedBeforeRestResponse: 1 }),
      'binance-BTCUSDT.expected.json': JSON.stringify(expected),
    });
    const { passed, stdout } = await checked(folder.path);
    expect(stdout).toMatch(/^ok +binance-BTCUSDT: 3 applied, .*; needs deeper levels after 2 changes$/m);
    expect(passed).toBe(true);
  });

  it('fails for a session with a malformed frame', async () => {
    const bad = { stream: 'btcusdt@trade', data: { ...trade(2).data, p: 'dear' } };
    await using folder = await folderOf({ 'binance-trades.ndjson': lines(trade(1), bad) });
    const { passed, stdout } = await checked(folder.path);
    expect(stdout).toMatch(/^FAILED +binance-trades\.ndjson: /);
    expect(stdout).toContain('malformed: ');
    expect(passed).toBe(false);
  });

  it('exits with 1 for an empty folder, and with 2 for a missing folder and without a folder', async () => {
    await using folder = await folderOf({});
    expect(await makeCaptures(folder.path)).toMatchObject({ code: 1, stdout: '0 passed, 0 failed, 0 skipped\n' });
    const missing = join(folder.path, 'missing');
    const none = await makeCaptures(missing);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain(missing);
    expect(await makeCaptures()).toMatchObject({ code: 2, stdout: '' });
  });
});
