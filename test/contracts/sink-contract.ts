import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../src/codec/environment-topics.ts';
import { identityOf } from '../../src/codec/identity.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { topicOf } from '../../src/codec/topics.ts';
import type { AggTrade, FeedRecord, Gap, Position, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import type {
  CheckpointOptions,
  Outcome,
  OutRecord,
  Recent,
  RecentOptions,
  SeriesCheckpoint,
  Sink,
} from '../../src/sinks/contract.ts';
import { byVenueAndSymbol, type KindsOfTrades, seriesCheckpoint } from '../../testing/judges/checkpoints.ts';
import {
  sampleAggTrade,
  sampleDeadLetter,
  sampleGap,
  samplePosition,
  sampleRecords,
  sampleTrade,
  sampleTradeStats,
} from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';

/** A destination of records (a folder, or a broker with its own topic prefix), empty at first. */
export interface Store {
  /** Makes a sink on this store, not yet open. A second sink stands for the first one after a restart. */
  newSink(): Sink;
  /** The records of a topic that a reader of the store finds now, in order per key. */
  read(topic: string): Promise<readonly FeedRecord[]>;
  /** Makes writing impossible until `end`. */
  readonly outage: { begin(): Promise<void>; end(): Promise<void> };
  /** Time within which the sink notices an outage and recovers, milliseconds; 10,000 by default. */
  readonly outageTimeoutMs?: number;
  remove(): Promise<void>;
}

const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
const out = (record: FeedRecord, key = 'BTCUSDT', prefix = ''): OutRecord => ({
  topic: prefix + topicOf(record.kind).name,
  key,
  record,
});

function trades(from: number, count: number): OutRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const symbol = symbols[(from + index) % symbols.length] as string;
    return out(sampleTrade({ symbol, tradeId: String(from + index) }), symbol);
  });
}

const tradeIds = (records: readonly FeedRecord[], symbol: string): string[] =>
  records.flatMap((record) => (record.kind === 'trade' && record.symbol === symbol ? [record.tradeId] : []));

const asked = (over: Partial<CheckpointOptions> = {}): CheckpointOptions => ({
  environmentPrefixes: [''],
  kinds: ['trade'],
  ...over,
});

const delivered = (count: number): Outcome[] => Array.from({ length: count }, () => ({ kind: 'delivered' }));

const T = 1_732_000_000_000;
/** A trade whose venue time and receive time are both `second` seconds after T. */
const traded = (id: number, second: number, over: Partial<TradeEvent> = {}): OutRecord => {
  const timestamp = T + second * 1000;
  const of = { venue: 'binance', epoch: 1, timestamp, receivedAt: timestamp * 1000 };
  const record = sampleTrade({ ...of, tradeId: String(id), ...over });
  return out(record, record.symbol);
};
const aggregated = (id: number, second: number, over: Partial<AggTrade> = {}): OutRecord => {
  const timestamp = T + second * 1000;
  const ids = { tradeId: String(id), firstTradeId: String(id), lastTradeId: String(id + 2) };
  const record = sampleAggTrade({ ...ids, timestamp, receivedAt: timestamp * 1000, epoch: 1, ...over });
  return out(record, record.symbol);
};
const placed = (id: number | null, second: number, over: Partial<Position> = {}): OutRecord => {
  const tradeId = id === null ? null : String(id);
  const record = samplePosition({ tradeId, timestamp: T + second * 1000, epoch: 1, ...over });
  return out(record, `${record.venue}:${record.symbol}`);
};
const at = (id: number, second: number) => ({ id: String(id), timestamp: T + second * 1000 });

/** The rules for every sink. The test of each sink calls this. */
export function sinkContract(name: string, newStore: () => Promise<Store>): void {
  describe(`${name} keeps the sink contract`, () => {
    let store: Store;
    let sinks: Sink[];

    beforeEach(async () => {
      store = await newStore();
      sinks = [];
    });
    afterEach(async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
      await store.remove();
    });

    async function openSink(): Promise<Sink> {
      const sink = store.newSink();
      sinks.push(sink);
      await sink.open();
      return sink;
    }

    async function expectTrades(expected: readonly OutRecord[]): Promise<void> {
      const found = await store.read('trades');
      for (const symbol of symbols) {
        expect(tradeIds(found, symbol)).toEqual(
          tradeIds(
            expected.map(({ record }) => record),
            symbol,
          ),
        );
      }
    }

    it('SC-01 carries a record of every kind unchanged', async () => {
      const sink = await openSink();
      const batch = sampleRecords.map((record) => out(record));
      expect(await sink.write(batch)).toEqual(delivered(batch.length));
      for (const { topic, record } of batch) {
        const found = await store.read(topic);
        expect(found.map(toJson)).toEqual([toJson(record)]);
        expect(found.map(identityOf)).toEqual([identityOf(record)]);
      }
    });

    it('SC-02 returns an outcome for every record, and none for an empty batch', async () => {
      const sink = await openSink();
      expect(await sink.write([])).toEqual([]);
      expect(await sink.write(trades(1, 7))).toEqual(delivered(7));
    });

    it('SC-03 keeps the order per key over many batches', async () => {
      const sink = await openSink();
      const all = trades(1, 400);
      for (let at = 0; at < all.length; at += 40) {
        const batch = all.slice(at, at + 40);
        expect(await sink.write(batch)).toEqual(delivered(batch.length));
      }
      await expectTrades(all);
    });

    it('SC-04 returns delivered only for records that a reader finds before any close', async () => {
      const sink = await openSink();
      await sink.write(trades(1, 3));
      await expectTrades(trades(1, 3));
      await sink.write(trades(4, 3));
      await expectTrades(trades(1, 6));
    });

    it('SC-05 rejects a record that cannot be encoded, names the field, and delivers its neighbours', async () => {
      const sink = await openSink();
      const [first, second, third] = trades(1, 3) as [OutRecord, OutRecord, OutRecord];
      const broken: OutRecord = { ...second, record: sampleTrade({ price: 'NaN' }) };
      const outcomes = await sink.write([first, broken, third]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'rejected', 'delivered']);
      expect(outcomes[1]).toMatchObject({ fault: { kind: 'encode', field: 'price', retry: { kind: 'never' } } });
      await expectTrades([first, third]);
      expect(sink.trouble()).toBeUndefined();
    });

    it('SC-06 loses and repeats no record over an outage', async () => {
      const { outage, outageTimeoutMs: timeoutMs = 10_000 } = store;
      const sink = await openSink();
      const all = trades(1, 30);
      expect(await sink.write(all.slice(0, 10))).toEqual(delivered(10));
      await outage.begin();
      // A sink with its own retries answers late; others return `retry`. Both are right, but throwing is not.
      let answer = sink.write(all.slice(10, 20));
      await until(() => sink.trouble() !== undefined, { timeoutMs, message: 'trouble' });
      await outage.end();
      let left: readonly OutRecord[] = all.slice(10, 20);
      await until(
        async () => {
          const outcomes = await answer;
          expect(outcomes).toHaveLength(left.length);
          expect(outcomes.some(({ kind }) => kind === 'rejected')).toBe(false);
          left = left.filter((_, index) => outcomes[index]?.kind === 'retry');
          if (left.length > 0) answer = sink.write(left);
          return left.length === 0;
        },
        { timeoutMs, everyMs: 50, message: 'delivery after the outage' },
      );
      expect(sink.trouble()).toBeUndefined();
      expect(await sink.write(all.slice(20))).toEqual(delivered(10));
      await expectTrades(all);
    });

    it('SC-07 delivers a pending write when it is closed, and can be closed twice', async () => {
      const sink = await openSink();
      const answer = sink.write(trades(1, 50));
      await sink.close();
      const outcomes = await answer;
      const sent = trades(1, 50).filter((_, index) => outcomes[index]?.kind === 'delivered');
      expect(sent).toHaveLength(50);
      await expectTrades(sent);
      await sink.close();
    });

    it('SC-08 finds the last position record of every venue and symbol after a restart, per environment', async () => {
      const first = await openSink();
      expect(await first.checkpoints(asked())).toEqual([]);
      const position = (venue: string, symbol: string, epoch: number) => samplePosition({ venue, symbol, epoch });
      const written = [
        position('bybit', 'BTCUSDT', 1),
        position('bybit', 'ETHUSDT', 1),
        position('binance', 'BTCUSDT', 2),
        position('bybit', 'BTCUSDT', 3),
      ];
      await first.write(written.map((record) => out(record, `${record.venue}:${record.symbol}`)));
      await first.write([out(samplePosition({ epoch: 9 }), 'binance:BTCUSDT', 'simulated.')]);
      await first.close();

      const second = await openSink();
      const found = (await second.checkpoints(asked())).map(
        ({ venue, symbol, epoch }) => `${venue}:${symbol}:${epoch}`,
      );
      expect(found.sort()).toEqual(['binance:BTCUSDT:2', 'bybit:BTCUSDT:3', 'bybit:ETHUSDT:1']);
      expect(
        (await second.checkpoints(asked({ environmentPrefixes: ['simulated.'] }))).map(({ epoch }) => epoch),
      ).toEqual([9]);
      expect(await second.checkpoints(asked({ environmentPrefixes: ['replay.'] }))).toEqual([]);
    });

    it('SC-09 appends after the records of a previous run', async () => {
      const first = await openSink();
      await first.write(trades(1, 20));
      await first.close();
      const second = await openSink();
      await second.write(trades(21, 20));
      await expectTrades(trades(1, 40));
    });

    it('SC-10 keeps the topics of environments apart', async () => {
      const sink = await openSink();
      const simulated = sampleTrade({ environment: 'simulated', tradeId: '2' });
      await sink.write([out(sampleTrade({ tradeId: '1' })), out(simulated, 'BTCUSDT', 'simulated.')]);
      expect(tradeIds(await store.read('trades'), 'BTCUSDT')).toEqual(['1']);
      expect(tradeIds(await store.read('simulated.trades'), 'BTCUSDT')).toEqual(['2']);
    });

    it('SC-11 reports no trouble after it opens', async () => {
      expect((await openSink()).trouble()).toBeUndefined();
    });

    describe('checkpoints of each venue and symbol', () => {
      /** The checkpoints by venue and symbol that a restart finds after the batches. */
      async function checkpointsBehind(
        batches: readonly (readonly OutRecord[])[],
        over: Partial<CheckpointOptions> = {},
      ): Promise<ReadonlyMap<string, KindsOfTrades>> {
        const first = await openSink();
        for (const batch of batches) expect(await first.write(batch)).toEqual(delivered(batch.length));
        await first.close();
        return byVenueAndSymbol(await (await openSink()).checkpoints(asked(over)));
      }

      it('SC-13 use the last trade after the last position record, with all fields', async () => {
        const batches = [[traded(1, 1)], [placed(1, 1)], [traded(2, 2), traded(3, 3)]];
        expect((await checkpointsBehind(batches)).get('binance:BTCUSDT')).toEqual({
          venue: 'binance',
          symbol: 'BTCUSDT',
          epoch: 1,
          environment: 'production',
          trade: at(3, 3),
          agg_trade: undefined,
        });
      });

      it('SC-14 use a position record whose trade is not stored', async () => {
        const ended = await checkpointsBehind([[placed(7, 5)]]);
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ epoch: 1, trade: at(7, 5), agg_trade: undefined });
      });

      it('SC-15 have no trade for an epoch without trades, even if earlier epochs have trades', async () => {
        const ended = await checkpointsBehind([
          [traded(1, 1), traded(2, 2)],
          [placed(2, 2)],
          [placed(null, 3, { epoch: 2 })],
        ]);
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ epoch: 2, trade: null, agg_trade: undefined });
      });

      it('SC-16 are separate for each venue of a symbol', async () => {
        const bybit = { venue: 'bybit', epoch: 2 };
        const ended = await checkpointsBehind([
          [placed(null, 0)],
          [traded(1, 1), traded(2, 2)],
          [placed(2, 2), placed(null, 3, bybit)],
          [traded(900, 3, bybit), traded(901, 4, bybit)],
        ]);
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ epoch: 1, trade: at(2, 2) });
        expect(ended.get('bybit:BTCUSDT')).toMatchObject({ epoch: 2, trade: at(901, 4) });
        expect(ended.size).toBe(2);
      });

      it('SC-17 find the last trade of an idle symbol far before the others', async () => {
        const eth = { symbol: 'ETHUSDT' };
        const busy = Array.from({ length: 300 }, (_, index) => [traded(index + 2, index + 2)]);
        const ended = await checkpointsBehind([
          [traded(5, 1, eth), traded(1, 1)],
          ...busy,
          [placed(300, 300), placed(5, 1, eth)],
          [traded(302, 302)],
        ]);
        expect(ended.get('binance:ETHUSDT')).toMatchObject({ epoch: 1, trade: at(5, 1) });
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ epoch: 1, trade: at(302, 302) });
      });

      it('SC-18 use the last id of aggregated trades, and are undefined if none is found', async () => {
        const eth = { symbol: 'ETHUSDT' };
        const written = [
          [traded(1, 1), traded(1, 1, eth), aggregated(10, 1)],
          [placed(1, 1), placed(1, 1, eth)],
          [aggregated(13, 2), traded(2, 2)],
        ];
        const both = await checkpointsBehind(written, { kinds: ['trade', 'agg_trade'] });
        expect(both.get('binance:BTCUSDT')).toMatchObject({ trade: at(2, 2), agg_trade: at(15, 2) });
        expect(both.get('binance:ETHUSDT')).toMatchObject({ trade: at(1, 1), agg_trade: undefined });
      });

      it('SC-19 take a position record as the end of the aggregated trades if only these are requested', async () => {
        const eth = { symbol: 'ETHUSDT' };
        const written = [[aggregated(10, 1)], [placed(12, 1), placed(40, 1, eth)], [aggregated(13, 2)]];
        const ended = await checkpointsBehind(written, { kinds: ['agg_trade'] });
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ trade: undefined, agg_trade: at(15, 2) });
        expect(ended.get('binance:ETHUSDT')).toMatchObject({ trade: undefined, agg_trade: at(40, 1) });
      });

      it('SC-20 use the last id of a trade that combines several trades', async () => {
        const many = traded(5, 2, { lastTradeId: '9', conditions: ['aggregated'] });
        const ended = await checkpointsBehind([[placed(4, 1)], [many]]);
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ trade: at(9, 2) });
      });

      it('SC-21 use the trade that was published last, even if ids restart', async () => {
        const ended = await checkpointsBehind([
          [traded(9_000, 1)],
          [placed(9_000, 1)],
          [traded(9_001, 2), traded(3, 3)],
        ]);
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ trade: at(3, 3) });
      });

      it('SC-22 find the epoch of each venue in mode all', async () => {
        const all = { epoch: 2 };
        const bybit = { epoch: 5, venue: 'bybit' };
        const keyed = (sent: OutRecord): OutRecord => {
          const { venue, symbol } = sent.record as TradeEvent;
          return { ...sent, key: `${venue}:${symbol}` };
        };
        const written = [
          [traded(1, 1, all), traded(70, 1, bybit)].map(keyed),
          [placed(1, 1, all), placed(70, 1, bybit)],
          [traded(2, 2, all), traded(71, 2, bybit)].map(keyed),
        ];
        const ended = await checkpointsBehind(written, { keyOf: marketKeyOf('all') });
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ epoch: 2, trade: at(2, 2) });
        expect(ended.get('bybit:BTCUSDT')).toMatchObject({ epoch: 5, trade: at(71, 2) });
      });

      it('SC-23 use trades of the testnet topics, and testnet position records of the common topic', async () => {
        const venue = 'binance_testnet';
        const tested = (id: number, second: number): OutRecord => {
          const sent = traded(id, second, { venue, environment: 'testnet' });
          return { ...sent, topic: `testnet.${sent.topic}` };
        };
        const batches = [[tested(1, 1), traded(7, 1)], [placed(1, 1, { venue }), placed(7, 1)], [tested(2, 2)]];
        const ended = await checkpointsBehind(batches, { environmentPrefixes: ['', 'testnet.'] });
        expect(ended.get('binance_testnet:BTCUSDT')).toMatchObject({ environment: 'production', trade: at(2, 2) });
        expect(ended.get('binance:BTCUSDT')).toMatchObject({ trade: at(7, 1) });
      });
    });

    describe('recent records', () => {
      const eth = { symbol: 'ETHUSDT' };
      const window = (endSecond: number, over: Partial<TradeStats> = {}): OutRecord => {
        const windowEnd = T + endSecond * 1000;
        const windowMs = over.windowMs ?? 1000;
        const of = { windowMs, windowStart: windowEnd - windowMs, windowEnd, receivedAt: windowEnd * 1000, epoch: 1 };
        const record = sampleTradeStats({ venue: 'binance', ...of, ...over });
        return out(record, record.symbol);
      };

      /** The recent records that a restart finds after the batches; 5 trades and 10 s by default. */
      async function recentBehind(
        batches: readonly (readonly OutRecord[])[],
        over: Partial<RecentOptions> = {},
        asking: Partial<CheckpointOptions> = {},
      ): Promise<Recent> {
        const first = await openSink();
        for (const batch of batches) expect(await first.write(batch)).toEqual(delivered(batch.length));
        await first.close();
        const second = await openSink();
        const [kind] = asked(asking).kinds;
        const found = await second.checkpoints(asked(asking));
        const checkpoints = found.filter((of) => of.kind === kind);
        const environmentPrefixes = [''];
        const options = {
          environmentPrefixes,
          kind: 'trade',
          trades: 5,
          spanMs: 10_000,
          checkpoints,
          ...over,
        } as const;
        const recent = await second.recent(options);
        await second.close();
        return recent;
      }

      const idsOf = ({ trades: found }: Recent, symbol = 'BTCUSDT', venue = 'binance'): number[] =>
        found.flatMap((trade) => (trade.symbol === symbol && trade.venue === venue ? [Number(trade.tradeId)] : []));
      const endsOf = ({ windows }: Recent, symbol = 'BTCUSDT'): string[] =>
        windows.flatMap((one) =>
          one.symbol === symbol ? [`${one.windowMs}-${(one.windowEnd - T) / 1000} ${one.trades}`] : [],
        );
      const range = (from: number, to: number): number[] =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index);

      it('SC-24 are empty and complete if no trades are stored', async () => {
        const nothing = { trades: [], windows: [], audits: [], gaps: [], whole: true };
        expect(await recentBehind([])).toEqual(nothing);
        expect(await recentBehind([[placed(7, 5)]])).toEqual(nothing);
      });

      it('SC-25 contain the last trades of each venue and symbol, in order and unchanged', async () => {
        const bybit = { venue: 'bybit', epoch: 2 };
        const written = [
          [placed(null, 0), placed(null, 0, eth)],
          ...range(1, 20).map((id) => [traded(id, id * 60), traded(100 + id, id * 60, eth)]),
          [placed(20, 1200), placed(null, 1201, bybit)],
          range(900, 920).map((id) => traded(id, 1200 + 60 * id, bybit)),
        ];
        const found = await recentBehind(written);
        expect(idsOf(found)).toEqual(range(16, 20));
        expect(idsOf(found, 'ETHUSDT')).toEqual(range(116, 120));
        expect(idsOf(found, 'BTCUSDT', 'bybit')).toEqual(range(916, 920));
        expect(found.trades.filter(({ symbol }) => symbol === 'BTCUSDT').at(-1)).toEqual(
          traded(920, 1200 + 60 * 920, bybit).record,
        );
        expect(found.whole).toBe(true);
      });

      it('SC-26 contain all trades of the span, even if there are more than requested', async () => {
        const written = [
          range(1, 300).map((id) => traded(id, id)),
          [placed(300, 300), placed(1, 300, eth)],
          [traded(2, 301, eth), ...range(301, 400).map((id) => traded(id, 301 + (id - 301) / 10))],
        ];
        // The last trade is of second 310.9.
        const found = await recentBehind(written);
        expect(idsOf(found)).toEqual(range(301, 400));
        expect(idsOf(found, 'ETHUSDT')).toEqual([2]);
        expect(found.whole).toBe(true);
      });

      it('SC-27 contain the trades of an idle symbol far before the others', async () => {
        const busy = range(2, 40).map((chunk) => range(chunk * 100, chunk * 100 + 99).map((id) => traded(id, id)));
        const found = await recentBehind([
          [placed(1, 1), placed(5, 5, eth)],
          range(1, 5).map((id) => traded(id, id, eth)),
          ...busy,
        ]);
        expect(idsOf(found, 'ETHUSDT')).toEqual(range(1, 5));
        expect(idsOf(found)).toEqual(range(4089, 4099).slice(1));
      });

      it('SC-28 contain the windows of every length that end in the span, in the order of publication', async () => {
        const minute = { windowMs: 60_000 };
        const batches = range(1, 130).map((end) => [
          traded(end, end),
          ...(end % 60 === 0 ? [window(end, minute), window(end, { ...minute, ...eth })] : []),
          window(end, { trades: end % 7 }),
        ]);
        const written = [[placed(1, 1), placed(1, 1, eth)], ...batches];
        const found = await recentBehind(written);
        expect(endsOf(found)).toEqual(range(121, 130).map((end) => `1000-${end} ${end % 7}`));
        const more = await recentBehind([], { spanMs: 70_000, kind: 'trade' });
        expect(endsOf(more).filter((one) => one.startsWith('6'))).toHaveLength(1);
        expect(endsOf(more, 'ETHUSDT')).toHaveLength(1);
        expect((more.windows.at(-1) as TradeStats).windowEnd).toBe(T + 130_000);
        const wider = await recentBehind([], { windowsSpanMs: 75_000 });
        expect(wider.trades).toHaveLength(10);
        expect(wider.windows.filter(({ windowMs }) => windowMs === 60_000)).toHaveLength(4);
      });

      it('SC-29 contain no series, kinds or environments that are not requested', async () => {
        const simulated = (sent: OutRecord): OutRecord => ({ ...sent, topic: `simulated.${sent.topic}` });
        const written = [
          [placed(1, 1), placed(1, 1, eth)],
          [traded(1, 1), traded(1, 1, eth), aggregated(1, 1), window(1), window(1, eth)],
          [traded(50, 1), window(7)].map(simulated),
        ];
        const found = await recentBehind(written);
        expect([idsOf(found), idsOf(found, 'ETHUSDT')]).toEqual([[1], [1]]);
        const btc: SeriesCheckpoint[] = [seriesCheckpoint('binance', 1, at(1, 1))];
        const one = await recentBehind([], { checkpoints: btc });
        expect(one.trades).toEqual([traded(1, 1).record]);
        expect(one.windows).toEqual([window(1).record]);
      });

      it('SC-30 contain aggregated trades if these are requested', async () => {
        const written = [[placed(12, 1)], range(1, 9).map((id) => aggregated(id * 3, id)), [traded(1, 9)]];
        const over = { kind: 'agg_trade', trades: 2, spanMs: 0 } as const;
        const found = await recentBehind(written, over, { kinds: ['agg_trade'] });
        expect(found.trades).toEqual([aggregated(24, 8).record, aggregated(27, 9).record]);
      });

      it('SC-31 contain trades of several environments, and of each venue in mode all', async () => {
        const testnet = { venue: 'binance_testnet', environment: 'testnet' } as const;
        const tested = (id: number, second: number): OutRecord => {
          const sent = traded(id, second, testnet);
          return { ...sent, topic: `testnet.${sent.topic}`, key: 'binance_testnet:BTCUSDT' };
        };
        const all = (id: number, second: number, venue: string): OutRecord => ({
          ...traded(id, second, { venue }),
          key: `${venue}:BTCUSDT`,
        });
        const written = [
          [placed(1, 1, { venue: 'binance_testnet' })],
          [placed(1, 1), placed(1, 1, { venue: 'bybit' })],
          range(1, 9).flatMap((id) => [tested(id, id), all(10 + id, id, 'binance'), all(20 + id, id, 'bybit')]),
        ];
        const environmentPrefixes = ['', 'testnet.'];
        const keyOf = marketKeyOf('all');
        const asked = { environmentPrefixes, keyOf };
        const found = await recentBehind(written, { ...asked, spanMs: 1000 }, asked);
        expect(idsOf(found, 'BTCUSDT', 'binance_testnet')).toEqual(range(5, 9));
        expect(idsOf(found, 'BTCUSDT', 'binance')).toEqual(range(15, 19));
        expect(idsOf(found, 'BTCUSDT', 'bybit')).toEqual(range(25, 29));
      });

      it('SC-32 contain the gaps that reach into the span', async () => {
        const gap = (from: number, to: number, over: Partial<Gap> = {}): OutRecord => {
          const of = { fromId: String(from), toId: String(to), fromTime: T + from * 1000, toTime: T + to * 1000 };
          const record = sampleGap({ venue: 'binance', symbol: 'BTCUSDT', epoch: 1, ...of, ...over });
          return out(record, `${record.venue}:${record.symbol}`);
        };
        const written = [
          [placed(1, 1), placed(1, 1, eth)],
          [gap(2, 5), traded(5, 5), gap(5, 92), traded(92, 92), gap(95, 97, eth), traded(97, 97, eth)],
          [traded(100, 100)],
        ];
        const found = await recentBehind(written);
        expect(found.gaps).toEqual([gap(5, 92).record, gap(95, 97, eth).record]);
        expect(found.whole).toBe(true);
      });
    });

    it('SC-12 stores a dead letter with 64 KiB of arbitrary bytes', async () => {
      const sink = await openSink();
      const payload = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) % 256);
      const record = sampleDeadLetter({ payload, reason: 'lone surrogate \ud800 · (payload cut: 70000 bytes)' });
      expect(await sink.write([out(record, record.venue)])).toEqual(delivered(1));
      const [found] = await store.read('dead-letters');
      expect(found).toMatchObject({ reason: 'lone surrogate \ufffd · (payload cut: 70000 bytes)' });
      expect(found?.kind === 'dead_letter' && Buffer.compare(found.payload, payload)).toBe(0);
    });
  });
}
