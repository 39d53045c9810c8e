import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BlockFiles } from '../../../src/feed/connection/block-files.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'market-feed-blocks-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('BlockFiles returns stored values as they were, and leaves no folder', () => {
  const dir = join(root, 'start');
  const files = new BlockFiles(dir, 1_000_000);
  const frame = {
    kind: 'frame',
    connection: 3,
    frame: { key: 'BTCUSDT', at: 5, value: [tradeEvent(7)], warning: undefined },
  };
  files.put(1, [frame, frame]);
  files.put(2, [frame]);
  expect([files.take(1), readdirSync(dir)]).toEqual([[frame, frame], ['2.block']]);
  files.close();
  expect(existsSync(dir)).toBe(false);
});

it('BlockFiles takes no more values than its limit, until a block is removed', () => {
  const files = new BlockFiles(join(root, 'start'), 150);
  files.put(1, ['a'.repeat(100)]);
  expect(() => files.put(2, ['b'.repeat(100)])).toThrow('may have 150 bytes');
  files.remove(1);
  files.put(2, ['b'.repeat(100)]);
  expect(files.take(2)).toEqual(['b'.repeat(100)]);
});

it('BlockFiles removes the files of an earlier process, and refuses a damaged file', () => {
  const dir = join(root, 'start');
  mkdirSync(dir);
  writeFileSync(join(dir, '9.block'), 'old');
  const files = new BlockFiles(dir, 1_000_000);
  files.put(1, [1, 2, 3]);
  expect(readdirSync(dir)).toEqual(['1.block']);
  truncateSync(join(dir, '1.block'), 3);
  expect(() => files.take(1)).toThrow();
});
