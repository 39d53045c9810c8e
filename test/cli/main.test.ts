import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../testing/tools/until.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(...argv: string[]) {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, said, ended };
}

it('market-feed exits with the code of the command and writes errors to stderr', async () => {
  const { said, ended } = start('rnu');
  expect(await ended).toBe(2);
  expect(said.out).toBe('');
  expect(said.err).toContain('did you mean run?');
});

it.each(['SIGINT', 'SIGTERM'] as const)('%s stops a command of market-feed with exit code 0', async (signal) => {
  const { child, said, ended } = start('simulate', '--port', '0');
  await until(() => said.out.includes('port'));
  child.kill(signal);
  expect(await ended).toBe(0);
  expect(said.err).toBe('');
});

it('market-feed exits with 1 at a second signal, but counts signals within one second as one', async () => {
  const deaf = `data:text/javascript,${encodeURIComponent('AbortSignal.prototype.addEventListener = () => {}')}`;
  const child = spawn(process.execPath, ['--import', deaf, 'src/cli/main.ts', 'simulate', '--port', '0']);
  children.push(child);
  let code: number | null | undefined;
  child.once('exit', (exitCode) => {
    code = exitCode;
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const asked = performance.now();
  await until(() => {
    child.kill('SIGINT');
    return code !== undefined;
  });
  expect(code).toBe(1);
  expect(performance.now() - asked).toBeGreaterThan(1000);
});

it('market-feed exits with 0 and without an error when the reader closes stdout', async () => {
  const simulator = start('simulate', '--port', '0');
  await until(() => simulator.said.out.includes('}'));
  const { url } = JSON.parse(simulator.said.out) as { url: string };
  const environment = { ...process.env, MARKET_FEED__VENUES__BYBIT__WEBSOCKET_URLS: `${url}/bybit/v5/public/spot` };
  const watch = spawn(process.execPath, ['src/cli/main.ts', 'watch', 'btcusdt', 'book_ticker', '1000000'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  children.push(watch);
  let complaints = '';
  watch.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => watch.once('exit', (code) => resolve(code)));
  await new Promise((resolve) => watch.stdout.once('data', resolve));
  watch.stdout.destroy();
  expect(await ended).toBe(0);
  expect(complaints).toBe('');
});
