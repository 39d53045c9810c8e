import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Runs a command on a pseudo terminal, with the arguments of a demo, and types `q` when trading is allowed. */
async function withDemo(command: (demo: readonly string[]) => readonly string[]): Promise<unknown> {
  const dir = mkdtempSync(path.join(tmpdir(), 'market-feed-terminal-'));
  try {
    const script = path.resolve('testing/python/press_q.py');
    const main = path.resolve('src/cli/main.ts');
    const demo = [process.execPath, main, 'demo', '--out', dir, '--port', '0', '--simulator-port', '0'];
    const environment = { ...process.env, TERM: 'xterm', NO_COLOR: '' };
    const { stdout } = await promisify(execFile)('python3', [script, '100', '30', ...command(demo)], {
      env: environment,
    });
    return JSON.parse(stdout);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

it('demo on a terminal ends with q: exit code 0, and the terminal is as before', { timeout: 60_000 }, async () => {
  const result = await withDemo((demo) => demo);
  expect(result).toMatchObject({ code: 0, raw: true, restored: true });
  expect(result).toHaveProperty('output', expect.stringMatching(/\?1049l.*Stopped after .*: \d+ trades/s));
});

it('demo in the background of a terminal takes no keys, and is not stopped for it', { timeout: 60_000 }, async () => {
  const result = await withDemo((demo) => [
    ...['bash', '--norc', '-i', '-c', '"$@" --duration 1 & wait $!', 'bash'],
    ...demo,
  ]);
  expect(result).toMatchObject({ code: 0, raw: false, restored: true });
});
