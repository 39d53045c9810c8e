import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { lockFolder } from '../../src/sinks/lock-folder.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { fakeIo } from './fake-io.ts';

/** What `check` prints for a configuration whose venues cannot be reached. */
async function checked(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const rest = ['BYBIT', 'BINANCE', 'BINANCE_US'].map((id) => [
    `MARKET_FEED__VENUES__${id}__REST_URLS`,
    'http://127.0.0.1:1',
  ]);
  const io = fakeIo({
    ...Object.fromEntries(rest),
    MARKET_FEED__FEED__VENUES: 'bybit,binance,binance_us',
    // `check` warns of a taken port, and another test may use the default one.
    MARKET_FEED__GATEWAY__PORT: `${await freePort()}`,
    ...environment,
  });
  expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(0);
  return io.out.text().split('\n');
}

const warnings = (lines: readonly string[]) =>
  lines.filter((line) => /^ +warning/.test(line)).map((line) => line.trim());

it('check warns of each channel that a venue lacks, and names the venues that have it', async () => {
  const lines = await checked({ MARKET_FEED__FEED__CHANNELS: 'trade,agg_trade,kline_1s' });
  expect(warnings(lines)).toEqual([
    'warning       bybit has no channel agg_trade: it is published only while binance or binance_us is active',
    'warning       bybit has no channel kline_1s: it is published only while binance is active',
    'warning       binance_us has no channel kline_1s: it is published only while binance is active',
  ]);
  expect(lines.findIndex((line) => line.includes('bybit has no'))).toBe(
    lines.findIndex((line) => line.startsWith('venue 1')) + 1,
  );
});

it('check names a venue that is not used, and plans no connections for it', async () => {
  const lines = await checked({ MARKET_FEED__FEED__CHANNELS: 'agg_trade,ticker' });
  expect(warnings(lines)).toEqual([
    'warning       bybit has no channel agg_trade and is not used: without the channel trade, a venue must have agg_trade (binance or binance_us)',
  ]);
  expect(lines.filter((line) => line.includes('connections'))).toHaveLength(2);
});

it('check shows whether the gateway has a token, and warns if other machines can reach it without one', async () => {
  const gateway = async (environment: Readonly<Record<string, string>>) => {
    const lines = await checked({
      MARKET_FEED__FEED__CHANNELS: 'trade',
      MARKET_FEED__GATEWAY__PORT: port,
      ...environment,
    });
    const at = lines.findIndex((line) => line.startsWith('gateway'));
    return lines.slice(at, at + 2).filter((line) => !line.startsWith('topics'));
  };
  const port = String(await freePort());
  const host = { MARKET_FEED__GATEWAY__HOST: '::' };
  const token = { MARKET_FEED__GATEWAY__TOKEN: 'hunter2' };
  expect(await gateway({})).toEqual([`gateway         http://127.0.0.1:${port}; token: no`]);
  expect(await gateway({ ...host, ...token })).toEqual([`gateway         http://[::]:${port}; token: yes`]);
  expect(await gateway(host)).toEqual([
    `gateway         http://[::]:${port}; token: no`,
    expect.stringMatching(/^ {2}warning {7}the gateway listens on :: without a token, /),
  ]);
});

it('check names folders that cannot be written, exits with 1, and leaves nothing behind', async () => {
  const dir = await temporaryFolder();
  const file = path.join(dir, 'file');
  writeFileSync(file, '');
  const venue = { MARKET_FEED__FEED__VENUES: 'bybit', MARKET_FEED__VENUES__BYBIT__REST_URLS: 'http://127.0.0.1:1' };
  const checkFolders = async (files: string, spill: string) => {
    const io = fakeIo({ ...venue, MARKET_FEED__FILE__DIR: files, MARKET_FEED__SPILL__DIR: spill });
    const code = await dispatch(['check', '--config', 'config/market-feed.yaml'], io);
    return { code, problems: io.out.text().match(/(?<=^ {2}problem +)\S.*/gm) };
  };
  const bad = await checkFolders(path.join(file, 'data'), '/proc/nope/spill');
  expect(bad.code).toBe(1);
  expect(bad.problems).toEqual([
    expect.stringMatching(/^cannot write to .*data: ENOTDIR: not a directory.* \(file\.dir\)$/),
    expect.stringMatching(/^cannot write to \/proc\/nope\/spill: ENOENT: .* \(spill\.dir\)$/),
  ]);
  const good = await checkFolders(path.join(dir, 'a', 'b'), dir);
  expect(good).toEqual({ code: 0, problems: null });
  expect(readdirSync(dir)).toEqual(['file']);
});

it('check names the process that uses a folder, exits with 1, and warns of a taken port', async () => {
  const dir = await temporaryFolder();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const unlock = [dir, path.join(dir, 'spill/file')].map(lockFolder);
  const io = fakeIo({
    MARKET_FEED__FEED__VENUES: 'bybit',
    MARKET_FEED__VENUES__BYBIT__REST_URLS: 'http://127.0.0.1:1',
    MARKET_FEED__FILE__DIR: dir,
    MARKET_FEED__SPILL__DIR: path.join(dir, 'spill'),
    MARKET_FEED__GATEWAY__PORT: String(port),
  });
  try {
    expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(1);
  } finally {
    for (const each of unlock) each();
    server.close();
  }
  expect(io.out.text().match(/(?<=^ {2}problem +)\S.*/gm)).toEqual([
    expect.stringContaining(`${dir} is in use: process ${process.pid} on host `),
    expect.stringContaining(`${path.join(dir, 'spill/file')} is in use: process ${process.pid} on host `),
  ]);
  expect(warnings(io.out.text().split('\n'))).toEqual([expect.stringContaining('EADDRINUSE')]);
});

it('check names a folder on a full disk, and exits with 1', async () => {
  const dir = await temporaryFolder();
  const config = path.join(dir, 'config.yaml');
  const disk = path.join(dir, 'disk');
  mkdirSync(disk);
  const values = {
    feed: { venues: ['bybit'] },
    venues: { bybit: { rest_urls: ['http://127.0.0.1:1'] } },
    file: { dir: disk },
    spill: { dir },
  };
  writeFileSync(config, JSON.stringify(values));
  const script = 'mount -t tmpfs -o size=4k tmpfs "$1"; head -c 4096 /dev/zero >"$1/full"; shift; exec "$@"';
  const command = [process.execPath, 'src/cli/main.ts', 'check', '--config', config];
  const { status, stdout } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', disk, ...command], {
    encoding: 'utf8',
  });
  expect(stdout).toMatch(
    /^ {2}problem +cannot write to .*disk: ENOSPC: no space left on device, write \(file\.dir\)$/m,
  );
  expect(status).toBe(1);
});

it('check warns of nothing if the venues have all channels', async () => {
  expect(warnings(await checked({ MARKET_FEED__FEED__CHANNELS: 'trade,ticker,depth20' }))).toEqual([]);
});

it('check refuses options of --live without it, and values that are not allowed, with exit code 2', async () => {
  const refusal = async (...argv: readonly string[]) => {
    const io = fakeIo();
    expect(await dispatch(['check', '--config', 'config/market-feed.yaml', ...argv], io)).toBe(2);
    return io.err.text();
  };
  expect(await refusal('--json')).toBe('market-feed: check: --json is for --live, which is not given\n');
  expect(await refusal('--live', 'soon')).toContain('--live: found "soon", allowed: a whole number from 1 to 3600');
  expect(await refusal('--live', '--venue', 'kraken')).toContain('--venue: found "kraken", allowed: one of bybit');
});

it('check ends with a result that names the venues that are not reachable, and wraps the topics', async () => {
  const lines = await checked({ MARKET_FEED__FEED__CHANNELS: 'trade' });
  expect(lines.at(-2)).toBe(
    'result          0 of 3 venues reachable; not reachable: bybit, binance, binance_us; a start finds no problem',
  );
  const topics = lines.slice(
    lines.findIndex((line) => line.startsWith('topics')),
    -2,
  );
  expect(topics.length).toBeGreaterThan(2);
  for (const line of topics) expect(line.length).toBeLessThanOrEqual(80);
});
