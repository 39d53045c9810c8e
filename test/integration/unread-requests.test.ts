import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { startWithFiles, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';

const MAX_FILES = 1024;
const PER_SECOND = 200;
const CONNECTIONS = 4;
const REQUESTS = 900;
const MAX_GROWTH_BYTES = 100 * 1024 * 1024;
/** The attack is repeated, because memory that it leaves behind adds up. */
const ROUNDS = 2;

/** The memory of a process. */
function residentBytes(pid: number): number {
  const [, kilobytes = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Opens a connection that sends many requests at once, and reads no answer. Resolves when the system has them. */
function requestWithoutReading(url: URL, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => reject(new Error('the connection was closed before all requests were sent')));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`.repeat(REQUESTS), () => resolve(socket));
  });
}

it(`a feed that may open ${MAX_FILES} files survives clients without a token that read no answers, and misses no trade`, async () => {
  const folder = await temporaryFolder();
  const dir = join(folder, 'data');
  const journal = join(folder, 'journal.ndjson');
  const token = join(folder, 'token');
  await writeFile(token, 'sesame');
  const rate = { bybit: PER_SECOND, binance: 0, binance_us: 0, binance_testnet: 0 };
  const simulator = await startSimulator({ rate, symbols: 1, journal });
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulator, { coins: ['BTC'], feed: { venues: ['bybit'] } }),
    sinks: ['file'],
    file: { dir },
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: true, port: 0, token_file: token },
  });
  vi.stubEnv('MARKET_FEED__GATEWAY__ENABLED', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const feed = startWithFiles(MAX_FILES, 'run', '--config', config);
  const url = new URL(String((await feed.logged('gateway')).url));
  await feed.logged('trading_resumed');
  const healthz = async (): Promise<number> => (await fetch(new URL('/healthz', url))).status;
  expect(await healthz()).toBe(200);
  const [script] = /[^"]*bundle\.js/.exec(await (await fetch(new URL('/docs/', url))).text()) ?? [];
  const { pathname } = new URL(String(script), new URL('/docs/', url));
  expect((await (await fetch(new URL(pathname, url))).text()).length).toBeGreaterThan(1_000_000);
  const before = residentBytes(feed.pid);
  let highest = before;
  for (let round = 0; round < ROUNDS; round++) {
    const attack = Array.from({ length: CONNECTIONS }, () => requestWithoutReading(url, pathname));
    for (let at = 0; at < 20; at++) {
      expect(await healthz()).toBe(200);
      highest = Math.max(highest, residentBytes(feed.pid));
    }
    for (const socket of await Promise.all(attack)) socket.destroy();
    await until(async () => (await healthz()) === 200);
  }
  console.log(`unread requests: memory grew by ${((highest - before) / 1e6).toFixed(0)} MB`);
  expect(highest - before).toBeLessThan(MAX_GROWTH_BYTES);

  feed.signal('SIGTERM');
  expect(await feed.exited).toBe(0);
  await simulator.close();
  const judge = new TradeJudge(await JournalIndex.read(journal), { timed: false });
  await readRun({ kind: 'file', dir }, judge);
  const verdict = judge.verdict();
  expect(verdict).toMatchObject({ losses: [], repeats: [], problems: [], inGaps: 0, named: [], undetectable: 0 });
  expect(verdict.published).toBeGreaterThan(PER_SECOND);
});
