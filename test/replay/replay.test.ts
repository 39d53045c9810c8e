import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CaptureFormat } from '../../src/capture/capture-row.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { replay, replayConfig } from '../../src/replay/replay.ts';
import type { ReplayResult } from '../../src/replay/replay-result.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { captureFolder } from '../capture/temporary-folder.ts';
import { captureFile, HEADER, line, START, trade } from './capture-text.ts';

interface Replayed {
  readonly result: ReplayResult;
  readonly records: readonly FeedRecord[];
  /** SHA-256 of each file, by its name. */
  readonly files: Readonly<Record<string, string>>;
}

interface ReplayValues {
  readonly format?: CaptureFormat;
  readonly speed?: 'max' | '1';
  readonly feed?: object;
  readonly venue?: object;
  /** A topic whose folder cannot be made. */
  readonly blocked?: string;
}

async function replayed(
  lines: readonly string[] | string,
  { format = 'market-feed', speed = 'max', feed = {}, venue = {}, blocked }: ReplayValues = {},
): Promise<Replayed> {
  const file = typeof lines === 'string' ? lines : await captureFile(lines);
  const dir = await captureFolder();
  if (blocked !== undefined) writeFileSync(join(dir, blocked), '');
  const config = loadConfig({
    values: {
      coins: ['BTC', 'ETH'],
      feed: { venues: ['binance'], channels: ['trade'], ...feed },
      venues: { binance: { lines: 1, ...venue } },
      sinks: ['file'],
      file: { dir },
    },
  });
  const foreign = format === 'market-feed' ? undefined : 'binance';
  const records: FeedRecord[] = [];
  const result = await replay(replayConfig(config, foreign), {
    file,
    format,
    speed,
    ...(foreign === undefined ? {} : { venue: foreign }),
    log: createLog({ level: 'silent', destination: { write: () => {} } }),
    onOutput: (output) => records.push(...output.records.map((record) => ({ ...record }))),
  });
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.avro'));
  const sums = files.sort().map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(dir, name)))
      .digest('hex'),
  ]);
  return { result, records, files: Object.fromEntries(sums) };
}

const tradesOf = (records: readonly FeedRecord[]) => records.filter((record) => record.kind === 'trade');

/** Times at which the whole venue was reported with this state, milliseconds after the start. */
const reportedAt = (records: readonly FeedRecord[], state: string): number[] =>
  records.flatMap((record) =>
    record.kind === 'status' && record.state === state && record.line === null && record.symbol === null
      ? [record.timestamp - START]
      : [],
  );

const INSTRUMENTS = JSON.stringify({
  symbols: ['BTC', 'ETH'].map((coin) => ({
    symbol: `${coin}USDT`,
    baseAsset: coin,
    quoteAsset: 'USDT',
    status: 'TRADING',
  })),
});
const LIST_PATH = '/api/v3/exchangeInfo?permissions=SPOT&showPermissionSets=false';
const LIST = line(
  10,
  'binance:rest',
  `! answer ${JSON.stringify({ path: LIST_PATH, status: 200, headers: {}, body: INSTRUMENTS })}`,
);

const opening = (ms: number, name = 'binance:1'): string[] => [
  line(ms, name, '! connecting wss://example.org/stream'),
  line(ms + 5, name, '! connected'),
];

describe('a replay', () => {
  it('publishes the recorded trades with their times and the environment replay', async () => {
    const { records, result } = await replayed([
      HEADER,
      LIST,
      ...opening(20),
      line(30, 'binance:1', '{"result":null,"id":1}'),
      line(100, 'binance:1', trade(98, 1)),
      line(200, 'binance:1', trade(199, 2)),
      line(200, 'binance:1', 'rubbish'.replace('rubbish', '{"stream":"btcusdt@trade"}')),
    ]);
    expect(tradesOf(records)).toMatchObject([
      { tradeId: '1', environment: 'replay', epoch: 1, receivedAt: (START + 100) * 1000, timestamp: START + 98 },
      { tradeId: '2', environment: 'replay', epoch: 1, receivedAt: (START + 200) * 1000, timestamp: START + 199 },
    ]);
    expect(new Set(records.map(({ environment }) => environment))).toEqual(new Set(['replay']));
    expect(records.find((record) => record.kind === 'status')).toMatchObject({ instance: 'replay', sequence: 1 });
    expect(reportedAt(records, 'connected')).toEqual([]);
    expect(result).toMatchObject({
      frames: 4,
      answers: 1,
      malformed: 1,
      missed: 0,
      undelivered: 0,
      fromMs: START,
      toMs: START + 200,
      records: { 'replay.trades': 2, 'replay.dead-letters': 1 },
    });
  });

  it('reports the recorded disconnects and refusals at their times', async () => {
    const refused = { kind: 'refused', refusal: { status: 451, headers: {}, body: 'not here' } };
    const closed = {
      kind: 'failed',
      fault: { kind: 'connection_closed', message: 'gone', retry: { kind: 'backoff' }, status: 1001 },
    };
    const { records } = await replayed([
      HEADER,
      LIST,
      ...opening(20),
      line(100, 'binance:1', trade(98, 1)),
      line(500, 'binance:1', `! ended ${JSON.stringify(closed)}`),
      ...opening(3000),
      line(3100, 'binance:1', trade(3098, 2)),
      line(4000, 'binance:1', `! ended ${JSON.stringify(closed)}`),
      line(6000, 'binance:1', '! connecting wss://example.org/stream'),
      line(6100, 'binance:1', `! ended ${JSON.stringify(refused)}`),
    ]);
    expect(tradesOf(records).map(({ tradeId }) => tradeId)).toEqual(['1', '2']);
    const story = records.flatMap((record) =>
      record.kind === 'status' && ['connected', 'disconnected', 'region_blocked'].includes(record.state)
        ? [`${record.state} ${record.timestamp - START}`]
        : [],
    );
    expect(story).toEqual([
      'connected 25',
      'disconnected 500',
      'connected 3005',
      'disconnected 4000',
      'disconnected 6100',
      'region_blocked 6100',
    ]);
  });

  it('repairs a gap from the recorded answer, and reports it as unrepaired without one', async () => {
    const rows = [2, 3, 4, 5].map((id) => ({
      id,
      price: '61837.63000000',
      qty: '0.02000000',
      quoteQty: '1236.75',
      time: START + 98 + id,
      isBuyerMaker: true,
      isBestMatch: true,
    }));
    const answer = {
      path: '/api/v3/trades?symbol=BTCUSDT&limit=1000',
      status: 200,
      headers: {},
      body: JSON.stringify(rows),
    };
    const lines = [
      HEADER,
      LIST,
      ...opening(20),
      line(100, 'binance:1', trade(98, 1)),
      line(200, 'binance:1', trade(199, 5)),
      line(290, 'binance:1', trade(280, 6)),
      line(300, 'binance:rest', `! answer ${JSON.stringify(answer)}`),
      line(400, 'binance:1', trade(399, 7)),
      line(20_000, 'binance:1', trade(19_999, 8)),
    ];
    const whole = await replayed(lines);
    expect(tradesOf(whole.records).map(({ tradeId, source }) => `${tradeId} ${source}`)).toEqual([
      '1 live',
      '2 backfill',
      '3 backfill',
      '4 backfill',
      '5 live',
      '6 live',
      '7 live',
      '8 live',
    ]);
    expect(whole.records.filter(({ kind }) => kind === 'gap')).toMatchObject([{ outcome: 'repaired', filled: 3 }]);

    const without = await replayed(lines.filter((text) => !text.includes('limit=1000')));
    expect(tradesOf(without.records).map(({ tradeId }) => tradeId)).toEqual(['1', '5', '6', '7', '8']);
    expect(without.records.filter(({ kind }) => kind === 'gap')).toMatchObject([
      { outcome: 'unrepaired', fromId: '1', toId: '5', missing: 3 },
    ]);
  });

  it('replays six hours with one trade each, and reports stale data to the millisecond', async () => {
    const HOUR = 3_600_000;
    const hours = Array.from({ length: 7 }, (_, hour) => hour * HOUR);
    const { records, result } = await replayed(
      hours.map((ms, index) => line(ms, '', trade(ms, index + 1))),
      { format: 'hftbacktest', feed: { stale_after_ms: 60_000 } },
    );
    expect(result.elapsedMs).toBe(6 * HOUR);
    expect(tradesOf(records)).toHaveLength(7);
    const recovered = reportedAt(records, 'feed_recovered');
    expect(reportedAt(records, 'feed_stale')).toEqual([0, ...recovered.slice(0, -1)].map((ms) => ms + 60_000));
    // Meanwhile the feed reconnects again and again, and the replay waits for it.
    expect(recovered.map((ms) => Math.floor(ms / HOUR))).toEqual(hours.slice(1).map((ms) => ms / HOUR));
    expect(recovered.filter((ms) => ms % HOUR > 1005)).toEqual([]);
    expect(reportedAt(records, 'heartbeat').length - 6 * 3600).toBeLessThan(2);
  }, 90_000);

  it('writes the same files byte by byte each time', async () => {
    const lines = [
      HEADER,
      LIST,
      ...opening(20),
      ...Array.from({ length: 5000 }, (_, id) => line(100 + id * 13, 'binance:1', trade(98 + id * 13, id + 1))),
      line(70_000, 'binance:1', '! closed'),
    ];
    const [first, second] = [await replayed(lines), await replayed(lines)];
    expect(Object.keys(first.files).map((name) => name.replace(/\/.*/, ''))).toEqual(
      ['feed-status', 'instruments', 'positions', 'prices', 'trade-stats', 'trades'].map((topic) => `replay.${topic}`),
    );
    expect(second.files).toEqual(first.files);
    expect(second.records).toEqual(first.records);
  });

  it('replays a capture of another program, and counts frames of unknown symbols', async () => {
    const { records, result } = await replayed(
      [
        line(0, '', trade(0, 1)),
        line(10, '', '{"lastUpdateId":5,"bids":[],"asks":[]}'),
        line(20, '', trade(20, 77, 'XYZUSDT')),
        line(30, '', trade(30, 2)),
        line(40, '', trade(40, 4)),
        line(50, '', trade(50, 5)),
      ],
      { format: 'hftbacktest' },
    );
    expect(tradesOf(records).map(({ tradeId }) => tradeId)).toEqual(['1', '2', '4', '5']);
    expect(records.filter(({ kind }) => kind === 'gap')).toMatchObject([{ outcome: 'unrepaired', missing: 1 }]);
    expect(result).toMatchObject({ frames: 5, bodies: 1, ignored: { unknown_symbol: 1 }, malformed: 0 });
  });

  it('uses the times of the venue if the capture has no receive times', async () => {
    const { records } = await replayed([trade(0, 1), trade(8000, 2)], { format: 'ndjson' });
    expect(tradesOf(records).map(({ receivedAt }) => receivedAt)).toEqual([START * 1000, (START + 8000) * 1000]);
    expect(reportedAt(records, 'feed_stale')).toEqual([5000]);
  });

  it('shortens long pauses of a capture without receive times', async () => {
    const { records, result } = await replayed([trade(0, 1), trade(86_400_000, 2)], { format: 'ndjson' });
    expect(result.elapsedMs).toBe(60_000);
    expect(tradesOf(records).map(({ receivedAt }) => receivedAt)).toEqual([START * 1000, (START + 86_400_000) * 1000]);
    expect(reportedAt(records, 'heartbeat').length).toBeLessThan(65);
  });

  it('uses the new wall clock after a recorded clock step, without stale data', async () => {
    const hour = 3_600_000;
    const { records } = await replayed([
      HEADER,
      LIST,
      ...opening(20),
      line(100, 'binance:1', trade(98, 1)),
      line(1100 + hour, 'clock', `! clock ${hour * 1000}`),
      line(1100 + hour, 'binance:1', trade(1098, 2)),
      line(1500, 'clock', `! clock ${-hour * 1000}`),
      line(1500, 'binance:1', trade(1498, 3)),
    ]);
    expect(tradesOf(records).map(({ receivedAt }) => receivedAt / 1000 - START)).toEqual([100, 1100 + hour, 1500]);
    expect(reportedAt(records, 'feed_stale')).toEqual([]);
  });

  it('keeps the pace of the capture at speed 1', async () => {
    const lines = [
      HEADER,
      LIST,
      ...opening(20),
      line(100, 'binance:1', trade(98, 1)),
      line(700, 'binance:1', trade(698, 2)),
    ];
    const before = performance.now();
    const paced = await replayed(lines, { speed: '1' });
    expect(performance.now() - before).toBeGreaterThan(690);
    expect((await replayed(lines)).files).toEqual(paced.files);
  });

  it('publishes the readable part of a torn capture and reports where it ends', async () => {
    const { records, result } = await replayed([
      HEADER,
      LIST,
      ...opening(20),
      line(100, 'binance:1', trade(98, 1)),
      'rubbish',
      line(200, 'binance:1', trade(98, 2)),
    ]);
    expect(result.error?.message).toMatch(/a\.capture\.gz:6: not a row of a market-feed capture: "rubbish"/);
    expect(tradesOf(records)).toHaveLength(1);
    expect(result).toMatchObject({ undelivered: 0, records: { 'replay.trades': 1 } });
  });

  it('ends with the fault of a sink that cannot write', async () => {
    const frames = [line(30, 'binance:1', '{"result":null,"id":1}'), line(100, 'binance:1', trade(98, 1))];
    const { result } = await replayed([HEADER, LIST, ...opening(20), ...frames], { blocked: 'replay.trades' });
    expect(result.error?.message).toMatch(/^file: EEXIST.*replay\.trades/);
    expect(result.undelivered).toBeGreaterThan(0);
  });

  it('ignores recorded connections that the configuration does not open', async () => {
    const { records, result } = await replayed([
      HEADER,
      LIST,
      ...opening(20),
      ...opening(21, 'binance:2'),
      ...opening(22, 'bybit:1'),
      line(100, 'binance:1', trade(98, 1)),
      line(101, 'binance:2', trade(98, 1)),
      line(150, 'bybit:1', '{"topic":"x"}'),
    ]);
    expect(tradesOf(records)).toHaveLength(1);
    expect(result).toMatchObject({ frames: 3, malformed: 0 });
  });
});
