import { at } from '../../src/domain/at.ts';
import type { Audit, Gap, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import type { Random } from '../../src/simulator/market/random.ts';
import { type AuditedTopics, isLateWindow, MINUTE_MS, MINUTES, START } from './audited-records.ts';

/* Changes one record, or the order of two, in the way of a damaged or forged topic. */

export type MutatedTopic = 'trades' | 'late-trades' | 'gaps' | 'audits' | 'trade-stats';
type MutatedRecord = TradeEvent | Gap | Audit | TradeStats;

export interface Mutation {
  readonly topics: AuditedTopics;
  readonly topic: MutatedTopic;
  /** What was done, for the message of a failed test. */
  readonly text: string;
  readonly venue: string;
  readonly symbol: string;
  /** The minutes of the changed records, milliseconds since 1970. */
  readonly minutes: readonly number[];
}

export const MUTATION_KINDS = ['delete', 'digit', 'swap'] as const;
export type MutationKind = (typeof MUTATION_KINDS)[number];

const FROM = START + MINUTE_MS;
/** The audits and windows of the last minutes may arrive late, so a missing one is no difference. */
const TO = START + (MINUTES - 4) * MINUTE_MS;

/** Makes a mutation in the audited range that the records contradict. */
export function mutated(topics: AuditedTopics, topic: MutatedTopic, kind: MutationKind, random: Random): Mutation {
  const records: readonly MutatedRecord[] = topics[topic];
  const inRange = records.flatMap((record, index) => (timeOf(record) >= FROM && timeOf(record) < TO ? [index] : []));
  for (;;) {
    const index = at(inRange, random.below(inRange.length));
    const record = at(records, index);
    const changed = changedRecords(records, index, kind, random, inRange);
    if (changed === undefined) continue;
    return {
      topics: { ...topics, [topic]: changed.records },
      topic,
      text: `${kind} ${topic} ${changed.text} of ${JSON.stringify(record)}`,
      venue: record.venue,
      symbol: record.symbol,
      minutes: changed.of.map((one) => Math.floor(timeOf(one) / MINUTE_MS) * MINUTE_MS),
    };
  }
}

function timeOf(record: MutatedRecord): number {
  switch (record.kind) {
    case 'trade':
      return record.timestamp;
    case 'gap':
      return record.fromTime;
    case 'audit':
      return record.minute;
    default:
      return record.windowStart;
  }
}

interface Changed {
  readonly records: readonly MutatedRecord[];
  readonly of: readonly MutatedRecord[];
  readonly text: string;
}

function changedRecords(
  records: readonly MutatedRecord[],
  index: number,
  kind: MutationKind,
  random: Random,
  inRange: readonly number[],
): Changed | undefined {
  const record = at(records, index);
  if (kind === 'delete') {
    // Nothing follows such a gap, so nothing misses its record.
    if (record.kind === 'gap' && record.toId === null) return undefined;
    return { records: records.toSpliced(index, 1), of: [record], text: '' };
  }
  if (kind === 'digit') {
    const names = fieldsWithProof(record, records);
    const name = names[random.below(names.length)];
    if (name === undefined) return undefined;
    const other = withOtherDigit(record, name, random);
    return other && { records: records.with(index, other), of: [record], text: name };
  }
  const second = at(inRange, random.below(inRange.length));
  const other = at(records, second);
  if (second === index || !haveOrder(record, other, records)) return undefined;
  return { records: records.with(index, other).with(second, record), of: [record, other], text: `with ${second}` };
}

/** The fields that other records prove. */
function fieldsWithProof(record: MutatedRecord, records: readonly MutatedRecord[]): readonly string[] {
  switch (record.kind) {
    case 'trade':
      return [
        'tradeId',
        'price',
        'quantity',
        'timestamp',
        'isBuyerMaker',
        ...(record.lastTradeId ? ['lastTradeId'] : []),
      ];
    case 'gap': {
      const { outcome, missing, toId, venue } = record;
      const isKnown = missing !== null && (venue === 'binance' || outcome === 'repaired');
      return [
        'fromId',
        'fromTime',
        'filled',
        ...(toId === null ? [] : ['toId', 'toTime']),
        ...(isKnown ? ['missing'] : []),
      ];
    }
    case 'audit': {
      const figures = ['firstId', 'lastId', 'trades', 'backfilled', 'volume', 'value', 'hash'];
      const candle = record.verdict === 'agrees' ? ['candleVolume', 'candleTrades'] : [];
      return ['epoch', 'minute', 'revision', ...(isLatest(record, records) ? [...figures, ...candle] : [])];
    }
    default: {
      const figures = Object.keys(record).filter((name) => !OTHER_FIELDS.has(name));
      return ['epoch', 'windowStart', 'revision', ...(record.complete ? figures : [])];
    }
  }
}

const OTHER_FIELDS = new Set<string>([
  ...['kind', 'venue', 'symbol', 'venueSymbol', 'coin', 'environment', 'epoch', 'receivedAt', 'windowMs'],
  ...['windowStart', 'volatility', 'complete', 'revision', 'flow'],
]);

const isLatest = (record: Audit, records: readonly MutatedRecord[]): boolean =>
  !records.some(
    (other) =>
      other.kind === 'audit' &&
      isSameSeries(other, record) &&
      other.minute === record.minute &&
      other.revision > record.revision,
  );

function withOtherDigit(record: MutatedRecord, name: string, random: Random): MutatedRecord | undefined {
  const value = Object.entries(record).find(([key]) => key === name)?.[1];
  if (typeof value === 'boolean') return { ...record, [name]: !value };
  const text = String(value);
  const places = [...text].flatMap((letter, index) => (/[0-9a-f]/.test(letter) ? [index] : []));
  const place = at(places, random.below(places.length));
  const digit = String(random.below(10));
  const changed = text.slice(0, place) + digit + text.slice(place + 1);
  const isCanonical = !/^0\d/.test(changed) && !(text.includes('.') && /0$/.test(changed));
  const other = typeof value === 'number' ? Number(changed) : changed;
  if (other === value || (name !== 'hash' && !isCanonical)) return undefined;
  return { ...record, [name]: other };
}

const isSameSeries = (a: MutatedRecord, b: MutatedRecord): boolean =>
  a.venue === b.venue && a.symbol === b.symbol && a.epoch === b.epoch;

/** Returns true if two records of a topic must be in the order that they have. */
function haveOrder(a: MutatedRecord, b: MutatedRecord, records: readonly MutatedRecord[]): boolean {
  if (!isSameSeries(a, b)) return false;
  if (a.kind === 'trade' && b.kind === 'trade') return areInOneRun(a, b, records);
  if (a.kind === 'gap' && b.kind === 'gap') {
    if (a.fromId === b.fromId) return true;
    return [a, b].every(({ outcome, venue, missing, fromTime, toTime }) => {
      const hasMinute = Math.floor(toTime / MINUTE_MS) - Math.floor(fromTime / MINUTE_MS) > 1;
      const mayBeBehind = venue === 'bybit' && outcome === 'unrepaired' && (missing !== null || hasMinute);
      return outcome !== 'healed' && !mayBeBehind;
    });
  }
  if (a.kind === 'audit' && b.kind === 'audit') return a.minute === b.minute || (a.revision === 0 && b.revision === 0);
  if (a.kind !== 'trade_stats' || b.kind !== 'trade_stats' || a.windowMs !== b.windowMs) return false;
  if (a.windowStart === b.windowStart) return true;
  return a.revision === 0 && b.revision === 0 && !isLateWindow(a) && !isLateWindow(b);
}

/** Trades of the topic `trades` have one order; of `late-trades`, those of one gap, which follow each other. */
function areInOneRun(a: TradeEvent, b: TradeEvent, records: readonly MutatedRecord[]): boolean {
  const series = records.filter((record) => record.kind === 'trade' && isSameSeries(record, a)).filter(isTradeEvent);
  const isLate = series.every(({ receivedAt, timestamp }) => receivedAt > (timestamp + MINUTE_MS) * 1000);
  if (!isLate) return true;
  const [first, last] = compareIds(a.tradeId, b.tradeId) < 0 ? [a, b] : [b, a];
  const run = series.slice(series.indexOf(first), series.indexOf(last) + 1);
  return run.every((trade, index) => index === 0 || trade.timestamp - at(run, index - 1).timestamp < MINUTE_MS / 4);
}

const isTradeEvent = (record: MutatedRecord): record is TradeEvent => record.kind === 'trade';
