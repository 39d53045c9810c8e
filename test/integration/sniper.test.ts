import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_GUARD } from '../../src/client/guard/trading-decision.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { preparePython, runPython } from '../../testing/tools/python.ts';
import { root, tools } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

interface Line {
  readonly at: string;
  readonly event: string;
  readonly causes?: readonly string[];
}

const EXAMPLES = [
  ['sniper.ts', process.execPath],
  ['sniper.py', join(tools, 'python/bin/python')],
] as const;

type Sniper = ReturnType<typeof startSniper>;

/** Starts a sniper as a user does, and reads its ledger. */
function startSniper(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines = (): Line[] =>
    stdout
      .slice(0, stdout.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  return {
    lines,
    stop: () => child.kill('SIGTERM'),
    exited,
    stderr: () => stderr,
    /** Waits for the first ledger entry of an event from a time on. */
    async wrote(event: string, since = 0): Promise<Line> {
      const found = () => lines().find((line) => line.event === event && Date.parse(line.at) >= since);
      await until(() => found(), { timeoutMs: 60_000, message: () => `${event} in ${stdout.slice(-2000)}\n${stderr}` });
      return found() as Line;
    },
  };
}

describe('examples/sniper.py', () => {
  it('prints resumed before its first order after a halt', async () => {
    const { stdout, stderr, code } = await runPython('sniper_after_halt.py', []);
    expect(code, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as Line).event)).toEqual(['halted', 'resumed', 'sold']);
  });
});

describe('the guard of examples/sniper.py', () => {
  it('follows the rules about clocks, records from before the start, idle markets and unread messages', async () => {
    const { stdout, stderr, code } = await runPython('sniper_guard.py', []);
    expect(code, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      ['records from before the start', ['status_silent', 'price_age']],
      ['a live heartbeat', ['price_age']],
      ['a live price', ['recovering']],
      ['allowed', []],
      ['50 s behind, with a clock that is a minute behind', ['clock']],
      ['the clock is right again', ['recovering']],
      ['a second ahead', []],
      ['more than a second ahead', ['clock']],
      ['an idle market', []],
      ['an idle market for too long', ['price_age']],
      ['an instrument that does not trade', ['instrument_halted']],
      ['a disputed price', ['price_disputed']],
      ['a heartbeat with another active venue', ['venue_changed']],
      ['read to the end', 0],
      ['unread without a break', 2500],
      ['one partition read to its end', 0],
    ]);
  });
});

describe('the sniper examples on Kafka', () => {
  let brokers: string[];
  beforeAll(async () => {
    await preparePython();
    brokers = await sharedBrokers();
  });

  it('halt within the limit when the pipeline is killed, and place no order until they resume', async () => {
    const folder = await temporaryFolder();
    // Binance returns the trades from before the restart. So the restart leaves no gap, which would halt trading for a
    // minute.
    const rate = { bybit: 20, binance: 100, binance_us: 0, binance_testnet: 0 };
    const simulator = await startSimulator({ rate, symbols: 3 });
    onTestFinished(() => simulator.close());
    const prefix = `${randomUUID()}.`;
    const values = simulatedValues(simulator, { feed: { venues: ['binance', 'bybit'], allow_test_data: false } });
    const stats = { large_trade_threshold: 3 };
    const kafka = { brokers, topic_prefix: prefix, partitions: 2 };
    const config = await writeConfiguration(folder, { ...values, kafka, stats, gateway: { enabled: false } });
    const first = startMarketFeed('run', '--config', config);
    await first.logged('trading_resumed');

    const snipers = EXAMPLES.map(([example, command]) =>
      startSniper(command, [
        ...[`examples/${example}`, brokers.join(','), '--prefix', prefix],
        ...['--environment', 'simulated', '--allow-test-data', '--coins', 'BTC,ETH,SOL'],
      ]),
    );
    const each = <T>(ask: (sniper: Sniper) => Promise<T>) => Promise.all(snipers.map(ask));
    await each((sniper) => sniper.wrote('resumed'));
    await each((sniper) => sniper.wrote('bought'));

    const killedAt = Date.now();
    first.signal('SIGKILL');
    const halts = await each((sniper) => sniper.wrote('halted', killedAt));
    for (const [index, halted] of halts.entries()) {
      const haltedAfterMs = Date.parse(halted.at) - killedAt;
      console.info(`${EXAMPLES[index]?.[0]}: killed → halted ${haltedAfterMs} ms, ${halted.causes?.join()}`);
      expect(haltedAfterMs).toBeLessThanOrEqual(DEFAULT_GUARD.statusSilenceMs + limitMs(250));
    }
    await delay(1000);

    const restartedAt = Date.now();
    const second = startMarketFeed('run', '--config', config);
    const resumptions = await each((sniper) => sniper.wrote('resumed', restartedAt));
    for (const sniper of snipers) sniper.stop();
    for (const sniper of snipers) expect(await sniper.exited, sniper.stderr()).toBe(0);
    second.signal('SIGTERM');
    expect(await second.exited, second.stderr).toBe(0);

    for (const [index, sniper] of snipers.entries()) {
      const lines = sniper.lines();
      expect(lines.map(({ event }) => event)).toContain('ledger');
      const [halted, resumed] = [halts[index]?.at ?? '', resumptions[index]?.at ?? ''];
      const orders = lines.filter(
        ({ event, at }) => /^(bought|sold)$/.test(event) && Date.parse(at) > Date.parse(halted),
      );
      for (const { at } of orders) expect(Date.parse(at)).toBeGreaterThanOrEqual(Date.parse(resumed));
    }
  });
});
