import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { Random } from '../../src/simulator/market/random.ts';
import { testSeed } from '../../testing/properties/seeds.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { runPython } from '../../testing/tools/python.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

const KILLS = isLong ? 20 : 2;
const MOST_BATCHES = 120;
/** Megabytes: files are completed all the time, or a segment is converted while it is written. */
const ROTATE_MB = { small: 0.05, large: 3 };
/** Milliseconds; each start takes some seconds on a loaded machine. */
const TIMEOUT_MS = KILLS * 30_000;
const writer = join(import.meta.dirname, '../../testing/processes/parquet-writer.ts');

/** Lets the writer deliver some batches, then kills or stops it. Returns where it resumed and its last acknowledged id. */
async function run(dir: string, size: keyof typeof ROTATE_MB, batches: number, end: 'kill' | 'stop') {
  const child = spawn(process.execPath, [writer, dir, `${ROTATE_MB[size]}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const ids: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    ids.push(Number(line));
    if (ids.length !== batches + 1) continue;
    if (end === 'kill') child.kill('SIGKILL');
    else child.stdin.end();
  }
  const [code] = await exited;
  return { resumed: ids[0], acknowledged: ids.at(-1) ?? 0, code };
}

it(
  'a Parquet sink that is killed at random moments has each trade once, in order, in whole files',
  async () => {
    const dir = await testFolder();
    const random = new Random(testSeed);
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const killed = await run(dir, kill % 2 === 0 ? 'small' : 'large', random.below(MOST_BATCHES), 'kill');
      expect(killed.resumed).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = killed.acknowledged;
    }
    const last = await run(dir, 'small', 5, 'stop');
    expect(last.code).toBe(0);
    expect(last.resumed).toBeGreaterThanOrEqual(acknowledged);

    const { stdout, stderr } = await runPython('read_parquet.py', [dir]);
    expect(stderr).toBe('');
    const ids = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number(JSON.parse(line).row.trade_id));
    expect(ids).toEqual(Array.from({ length: last.acknowledged }, (_, index) => index + 1));
    const names = await readdir(join(dir, 'trades'), { recursive: true });
    expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
  },
  TIMEOUT_MS,
);
