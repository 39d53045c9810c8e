import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { NEVER, throwError } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { follow, Sniper } from '../../examples/sniper.ts';
import type { TopicRecords, TradingDecision } from '../../src/client/index.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sampleLargeTrade, sampleTradeStats } from '../../testing/records/sample-records.ts';
import { heartbeat, priceNow } from '../client/published-topics.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';
import { outRecords } from '../sinks/out-records.ts';

const START = 1_700_000_000_000;
const PRICE = '50000';
const events = (lines: readonly Record<string, unknown>[]) => lines.map(({ event }) => event);

describe('the sniper', () => {
  let now: number;
  let halted: boolean;
  let lines: Record<string, unknown>[];
  let sniper: Sniper;
  /** The price that the guard judges. */
  let last: TopicRecords['prices'] | null;

  const decision = (): TradingDecision =>
    halted
      ? { state: 'halted', reason: 'the feed halted trading: x', causes: ['feed_halted'], ...judged() }
      : { state: 'allowed', reason: 'everything is healthy', causes: [], ...judged() };
  const judged = () => ({ coin: 'BTC', price: last, at: now });
  const begin = (allowTestData = false): void => {
    now = START;
    halted = false;
    last = null;
    lines = [];
    const write = (line: object): void => void lines.push({ ...line });
    sniper = new Sniper({ decision, allowTestData, wallClockMs: () => now, write });
  };
  beforeEach(() => begin());

  const about = (fields = {}) => ({ ...tradeEvent(1), receivedAt: now * 1000, timestamp: now, epoch: 1, ...fields });
  const bitcoinAt = (price: string, fields: Partial<TopicRecords['prices']> = {}): TopicRecords['prices'] =>
    priceNow('BTCUSDT', price, { venue: 'binance', receivedAt: now * 1000, timestamp: now, ...fields });
  const tick = (price: string, fields: Partial<TopicRecords['prices']> = {}): void => {
    last = bitcoinAt(price, fields);
    sniper.onPrice(last);
  };
  const flow = (fields: Partial<TopicRecords['trade-stats']> = {}): void =>
    sniper.onStats({
      ...({ ...about(), kind: 'trade_stats', windowMs: 1000, windowStart: now - 2000, windowEnd: now - 1000 } as const),
      ...({ buyRatioVolume: 0.82, flow: 'strong_buy', complete: true, ...fields } as TopicRecords['trade-stats']),
    });
  const large = (fields: Partial<TopicRecords['large-trades']> = {}): void =>
    sniper.onLargeTrade({
      ...about(),
      kind: 'large_trade',
      price: PRICE,
      quantity: '3',
      isBuyerMaker: false,
      averageQuantity: '0.2',
      multiple: 15,
      ...fields,
    });
  const buy = (): void => {
    tick(PRICE);
    flow();
    large();
  };

  it('buys at the last price on a strong flow and a large trade, and logs the reason', () => {
    buy();
    expect(lines).toEqual([
      {
        at: '2023-11-14T22:13:20.000Z',
        event: 'bought',
        coin: 'BTC',
        quantity: '0.02',
        price: '50000',
        takeProfit: '50050',
        stopLoss: '49975',
        why: 'strong_buy (0.82) and 3 bought at 50000, 15.0 times the mean',
      },
    ]);
    large();
    expect(lines).toHaveLength(1);
  });

  it('sells at the take-profit or stop-loss level, and not between them', () => {
    buy();
    tick('50049.99');
    tick('49975.01');
    expect(events(lines)).toEqual(['bought']);
    tick('50051.123');
    expect(lines.at(-1)).toMatchObject({
      event: 'sold',
      price: '50051.123',
      profit: '1.02246',
      why: 'take profit 50050',
    });
    buy();
    tick('49970');
    expect(lines.at(-1)).toMatchObject({ event: 'sold', price: '49970', profit: '-0.6', why: 'stop loss 49975' });
    sniper.ledger();
    expect(lines.at(-1)).toMatchObject({ event: 'ledger', positions: [], fills: 4, profit: '0.42246' });
  });

  it('does not sell at a late price of an earlier epoch, which the guard leaves out', () => {
    buy();
    sniper.onPrice(bitcoinAt('49000', { epoch: 0, venue: 'binance' }));
    expect(events(lines)).toEqual(['bought']);
  });

  it.each([
    ['a large sale', () => large({ isBuyerMaker: true })],
    ['a trade from a backfill', () => large({ source: 'backfill' })],
    ['a trade of another epoch than the flow', () => large({ epoch: 2 })],
    ['a trade that arrives late', () => large({ receivedAt: (now - 5000) * 1000 })],
    ['a trade of a testnet', () => large({ environment: 'testnet' })],
    ['a trade long after the flow', () => large({ timestamp: now + 4001 })],
    [
      'an old price',
      () => {
        now += 5000;
        large({ timestamp: START });
      },
    ],
    [
      'a price of another epoch',
      () => {
        tick(PRICE, { epoch: 2 });
        large();
      },
    ],
    [
      'a simulated price',
      () => {
        tick(PRICE, { environment: 'simulated' });
        large();
      },
    ],
  ])('does not buy on %s', (_, happens) => {
    tick(PRICE);
    flow();
    happens();
    expect(lines).toEqual([]);
  });

  it('does not buy without a complete strong flow of the right window', () => {
    tick(PRICE);
    large();
    flow({ flow: 'buy' });
    flow({ complete: false });
    flow({ windowMs: 60_000 });
    large();
    expect(lines).toEqual([]);
  });

  it('buys on test data if that is allowed', () => {
    begin(true);
    tick(PRICE, { environment: 'simulated' });
    flow();
    large({ environment: 'simulated' });
    expect(events(lines)).toEqual(['bought']);
  });

  it('opens no position while trading is halted, and logs the reason', () => {
    halted = true;
    buy();
    expect(lines).toMatchObject([{ event: 'not_bought', halted: 'the feed halted trading: x' }]);
    expect(sniper.positions.size).toBe(0);
  });

  it('keeps an open position through a halt, and sells at the first level reached after it', () => {
    buy();
    halted = true;
    sniper.onDecision(decision());
    expect(lines.at(-1)).toMatchObject({
      event: 'halted',
      coin: 'BTC',
      causes: ['feed_halted'],
      position: 'kept until it may be traded again',
    });
    tick('40000');
    expect(sniper.positions.size).toBe(1);
    halted = false;
    sniper.onDecision(decision());
    expect(lines.at(-1)).not.toHaveProperty('position');
    tick('49000', { receivedAt: (now - 5000) * 1000 });
    expect(sniper.positions.size).toBe(1);
    tick('49900');
    expect(events(lines)).toEqual(['bought', 'halted', 'resumed', 'sold']);
  });
});

describe('examples/sniper.ts', () => {
  it('exits within 5 seconds after SIGINT, and prints one ledger', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sniper-'));
    await mkdir(join(folder, 'prices'));
    const child = spawn(process.execPath, ['examples/sniper.ts', '--dir', folder, '--duration', '600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    });
    const whole = text(child.stdout);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const askedAt = performance.now();
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(5000);
    expect((await whole).match(/"ledger"/g)).toHaveLength(1);
  });

  it('trades over the files of a folder by the time of the records', async () => {
    const at = (ms: number) => ({ timestamp: START + ms, receivedAt: (START + ms) * 1000 });
    const records = [
      ...Array.from({ length: 12 }, (_, second) =>
        heartbeat(second, ['BTCUSDT'], { timestamp: START + 1000 * second }),
      ),
      ...[0, 2000, 4000, 6000].map((ms) => priceNow('BTCUSDT', '50000', at(ms))),
      priceNow('BTCUSDT', '50100', at(9000)),
      sampleTradeStats({ epoch: 1, coin: 'BTC', windowMs: 1000, windowStart: START + 4000, windowEnd: START + 5000 }),
      sampleLargeTrade({ ...at(7500), epoch: 1, environment: 'production', isBuyerMaker: false, source: 'live' }),
    ];
    const folder = await testFolder();
    const sink = await openSink(folder);
    await sink.write(outRecords(...records));
    await sink.close();
    const { stdout } = await promisify(execFile)(process.execPath, [
      'examples/sniper.ts',
      '--dir',
      folder,
      '--backtest',
    ]);
    const lines: { at: string; event: string }[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const own = lines.filter(({ event }) => event === 'bought' || event === 'sold' || event === 'ledger');
    expect(own.map(({ at: time, event }) => [Date.parse(time) - START, event])).toEqual([
      [7500, 'bought'],
      [9000, 'sold'],
      [11_000, 'ledger'],
    ]);
    const unknown = promisify(execFile)(process.execPath, [
      ...['examples/sniper.ts', '--dir', folder, '--backtest', '--coins', 'NOPE'],
    ]);
    await expect(unknown).rejects.toMatchObject({ code: 1, stderr: `sniper: no price of NOPE in ${folder}\n` });
  });

  it.each([
    [[], 2, 'sniper: name the brokers (host:port) or a folder with --dir'],
    [['--dir', 'nope'], 2, 'sniper: no folder nope'],
    [['--folder', 'nope'], 2, "sniper: Unknown option '--folder'"],
  ])('ends with one line if it cannot start: %j', async (args, code, message) => {
    const run = promisify(execFile)(process.execPath, ['examples/sniper.ts', ...args]);
    const { stderr, code: found } = (await run.catch((error: { stderr: string; code: number }) => error)) as {
      stderr: string;
      code?: number;
    };
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
    expect(found).toBe(code);
  });

  it.each(['trading$', 'prices$', 'tradeStats$', 'largeTrades$'] as const)('reports an error if %s fails', (name) => {
    const market = { trading$: () => NEVER, prices$: () => NEVER, tradeStats$: () => NEVER, largeTrades$: () => NEVER };
    const failed: unknown[] = [];
    const decision = () => {
      throw new Error('not asked');
    };
    const sniper = new Sniper({ decision, allowTestData: false, wallClockMs: () => START, write: () => {} });
    const reason = new Error('no such topic');
    follow({ ...market, [name]: () => throwError(() => reason) }, 'BTC', sniper, (error) => failed.push(error));
    expect(failed).toEqual([reason]);
  });
});
