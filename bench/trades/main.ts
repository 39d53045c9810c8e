/**
 * Compares the cost of the trade analytics with what the predecessor of this system published: `node
 * bench/trades/main.ts`. Times are CPU times of the whole process, with garbage collection, so other programs affect
 * them little. They are medians of rounds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { TradeEvent } from '../../src/domain/record.ts';
import { CandleBuilder } from '../../src/market/candles/candle-builder.ts';
import { LargeTrades } from '../../src/market/trades/large-trades.ts';
import { TradeHistory } from '../../src/market/trades/trade-history.ts';
import { TradeSums } from '../../src/market/trades/trade-sums.ts';
import { Volatility } from '../../src/market/trades/volatility.ts';
import { volumeProfile } from '../../src/market/trades/volume-profile.ts';
import { median } from '../measure.ts';
import { someTrades } from './some-trades.ts';

interface Row {
  readonly title: string;
  /** Microseconds, or MB. */
  readonly ours: number;
  readonly predecessor: number;
  /** How many times better than the predecessor we must be. */
  readonly target: number;
}

const ROUNDS = 15;
const HISTORY = 1000;
const BINS = 50;
const WINDOWS_MS = [1000, 60_000];
const SYMBOLS = 50;

const trades = someTrades(50_000);
const last = trades.slice(-HISTORY);

/** Median microseconds of one of `times` runs of `work`. */
function microseconds(times: number, work: (index: number) => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const started = process.cpuUsage();
    for (let index = 0; index < times; index++) work(index);
    const { user, system } = process.cpuUsage(started);
    return (user + system) / times;
  });
  return median(rounds);
}

/**
 * All statistics of a symbol, with the windows of the default configuration. Figures are computed when a window ends.
 */
function analysis(): (trade: TradeEvent) => void {
  const history = new TradeHistory({ size: HISTORY });
  const large = new LargeTrades({ threshold: 10 });
  const volatility = new Volatility();
  const candles = new CandleBuilder({ interval: '1m' });
  const windows = WINDOWS_MS.map((lengthMs) => ({ lengthMs, end: 0, sums: new TradeSums() }));
  return (trade) => {
    history.add(trade);
    large.next(trade);
    volatility.add(trade.price, trade.timestamp);
    candles.add(trade);
    for (const window of windows) {
      if (trade.timestamp >= window.end) {
        window.sums.figures();
        volatility.at(window.end);
        window.sums = new TradeSums();
        window.end = trade.timestamp - (trade.timestamp % window.lengthMs) + window.lengthMs;
      }
      window.sums.add(trade);
    }
  };
}

function historyOf(some: readonly TradeEvent[]): TradeHistory {
  const history = new TradeHistory({ size: HISTORY });
  for (const trade of some) history.add(trade);
  return history;
}

/** MB of the history of a symbol: its trades with their strings, and the columns of numbers. */
function megabytesOfHistory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const text = JSON.stringify(last);
  const before = used();
  const histories = Array.from({ length: SYMBOLS }, () => historyOf(JSON.parse(text) as TradeEvent[]));
  const bytes = (used() - before) / histories.length;
  return bytes / 1e6;
}

const analyse = analysis();
const history = historyOf(trades);
const rows: readonly Row[] = [
  {
    title: 'trade analysis, µs a trade',
    ours: microseconds(trades.length, (index) => analyse(trades[index] as TradeEvent)),
    predecessor: 200,
    target: 100,
  },
  {
    title: `statistics over the last ${HISTORY} trades, µs`,
    ours: microseconds(2000, () => history.lastTrades(HISTORY)),
    predecessor: 1000,
    target: 100,
  },
  {
    title: `volume profile of ${HISTORY} trades in ${BINS} bins, µs`,
    ours: microseconds(1000, () => history.volumeProfile(BINS)),
    predecessor: 5000,
    target: 100,
  },
  {
    title: 'the same for trades without a history, parsed first, µs',
    ours: microseconds(500, () => volumeProfile(last, BINS)),
    predecessor: 5000,
    target: 10,
  },
  { title: `history of ${HISTORY} trades, MB a symbol`, ours: megabytesOfHistory(), predecessor: 1, target: 1 },
];

console.log('|  | predecessor | ours | times better | target |');
console.log('|---|---:|---:|---:|---:|');
for (const { title, ours, predecessor, target } of rows) {
  const times = predecessor / ours;
  const result = `≥ ${target} ${times >= target ? 'met' : 'MISSED'}`;
  console.log(`| ${title} | ${predecessor} | ${ours.toPrecision(3)} | ${times.toPrecision(3)} | ${result} |`);
  if (times < target) process.exitCode = 1;
}
