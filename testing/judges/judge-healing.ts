import type { Audit, FeedRecord, Gap, TradeEvent, TradeStats } from '../../src/domain/record.ts';
import { exactValue, grouped, type JournalEvent } from './journal.ts';
import { auditDifferences } from './judge-audits.ts';
import { windowDifferences } from './judge-windows.ts';
import { decimalOf, scaled } from './naive-decimal.ts';

const MINUTE_MS = 60_000;

export interface HealingJudged {
  /** The records of a sink, in the order of publishing, those of healers included. */
  readonly records: readonly FeedRecord[];
  /** The records of `late-trades`. */
  readonly late: readonly TradeEvent[];
  readonly journal: readonly JournalEvent[];
  /** True if a record may come twice: a process was killed. */
  readonly mayRepeat: boolean;
}

/**
 * Judges what healers have written. Returns problems as text, at most 20.
 * - A late trade comes once, is not among the published trades, lies inside a published gap and equals the venue's trades.
 * - A gap is healed after it was published as missing. All trades of its ids are published or late, and it counts them.
 * - The latest windows and audits of its time equal the published trades with the late ones.
 */
export function healingProblems(judged: HealingJudged): string[] {
  const { records, late, journal, mayRepeat } = judged;
  const gaps = records.filter((record) => record.kind === 'gap').filter(({ channel }) => channel === 'trade');
  const made = new Map(journal.map((event) => [`${event.venue} ${event.symbol} ${event.id}`, event]));
  const published = records.filter((record) => record.kind === 'trade');
  const bySeries = grouped([...published, ...late], seriesOf);
  const problems = late.flatMap((trade) =>
    lateProblems(trade, gaps, made).map((text) => `late ${nameOf(trade)}: ${text}`),
  );
  for (const trades of bySeries.values()) {
    trades.sort((a, b) => Number(BigInt(a.tradeId) - BigInt(b.tradeId)));
    if (late.some((trade) => seriesOf(trade) === seriesOf(trades[0] as TradeEvent))) problems.push(...repeated(trades));
  }
  const healed = gaps.filter(({ outcome }) => outcome === 'healed');
  for (const [index, gap] of healed.entries()) {
    const isKnown =
      records.indexOf(gap) > records.findIndex((other) => other.kind === 'gap' && isOpen(other) && isSame(other, gap));
    const isRepeat = healed.slice(0, index).some((other) => isSame(other, gap));
    const trades = bySeries.get(seriesOf(gap)) ?? [];
    const texts = [
      ...(isKnown ? [] : ['healed before it was published']),
      ...(isRepeat && !mayRepeat ? ['healed twice'] : []),
      ...gapProblems(gap, trades, journal),
      ...revisionProblems(gap, trades, records),
    ];
    problems.push(...texts.map((text) => `gap ${nameOfGap(gap)}: ${text}`));
  }
  return problems.slice(0, 20);
}

/** The gaps of trades between two known ones that are still missing in the end. */
export function openGapsOf(records: readonly FeedRecord[]): readonly Gap[] {
  const latest = new Map<string, Gap>();
  for (const record of records) {
    if (record.kind !== 'gap' || record.channel !== 'trade') continue;
    const known = latest.get(nameOfGap(record));
    if (known === undefined || isOpen(known)) latest.set(nameOfGap(record), record);
  }
  return [...latest.values()].filter((gap) => isOpen(gap) && gap.fromId !== null && gap.toId !== null);
}

const isOpen = ({ outcome }: Gap): boolean => outcome !== 'repaired' && outcome !== 'healed';
const isSame = (a: Gap, b: Gap): boolean => nameOfGap(a) === nameOfGap(b);

function seriesOf({ venue, symbol, epoch }: Pick<Gap, 'venue' | 'symbol' | 'epoch'>): string {
  return `${venue} ${symbol} ${epoch}`;
}

const nameOf = (trade: TradeEvent): string => `${seriesOf(trade)} ${trade.tradeId}`;

export function nameOfGap(gap: Gap): string {
  return `${seriesOf(gap)} ${gap.fromId}..${gap.toId} ${gap.fromTime}..${gap.toTime}`;
}

const lastOf = ({ tradeId, lastTradeId }: TradeEvent): bigint => BigInt(lastTradeId ?? tradeId);

function lateProblems(trade: TradeEvent, gaps: readonly Gap[], made: ReadonlyMap<string, JournalEvent>): string[] {
  const isInside = gaps.some((gap) => isOpen(gap) && seriesOf(gap) === seriesOf(trade) && contains(gap, trade));
  const problems = isInside ? [] : ['outside of every published gap'];
  let quantity = 0n;
  for (let id = BigInt(trade.tradeId); id <= lastOf(trade); id++) {
    const event = made.get(`${trade.venue} ${trade.symbol} ${id}`);
    const isEqual =
      event !== undefined &&
      exactValue(event.price) === trade.price &&
      (event.side === 'sell') === trade.isBuyerMaker &&
      event.time === trade.timestamp;
    if (!isEqual) problems.push(`is not the venue's trade ${id}`);
    quantity += scaled(event?.quantity ?? '0');
  }
  if (decimalOf(quantity) !== trade.quantity)
    problems.push(`quantity ${trade.quantity}, by the journal ${decimalOf(quantity)}`);
  return problems;
}

function contains({ fromId, toId, toTime }: Gap, trade: TradeEvent): boolean {
  if (BigInt(trade.tradeId) <= BigInt(fromId ?? 0)) return false;
  return toId === null ? trade.timestamp <= toTime : lastOf(trade) < BigInt(toId);
}

/** `trades` are in the order of their ids. */
function repeated(trades: readonly TradeEvent[]): string[] {
  return trades.flatMap((trade, index) => {
    const before = trades[index - 1];
    return before !== undefined && BigInt(trade.tradeId) <= lastOf(before) ? [`${nameOf(trade)}: twice`] : [];
  });
}

/** Where ids jump, a gap may also contain published trades that were never missing. */
function isTrueCount({ missing, filled }: Gap, there: number): boolean {
  return missing === null ? filled <= there : filled === Math.min(missing, there);
}

function gapProblems(gap: Gap, trades: readonly TradeEvent[], journal: readonly JournalEvent[]): string[] {
  const inside = trades.filter((trade) => contains(gap, trade));
  const there = new Set<string>();
  for (const trade of inside) for (let id = BigInt(trade.tradeId); id <= lastOf(trade); id++) there.add(String(id));
  const wanted = journal.filter(
    ({ kind, venue, symbol, id, time }) =>
      kind === 'trade' &&
      venue === gap.venue &&
      symbol === gap.symbol &&
      BigInt(id) > BigInt(gap.fromId ?? 0) &&
      (gap.toId === null ? time <= gap.toTime : BigInt(id) < BigInt(gap.toId)),
  );
  const missing = wanted.filter(({ id }) => !there.has(id));
  return [
    ...(missing.length > 0 ? [`${missing.length} trades are missing, such as ${missing[0]?.id}`] : []),
    ...(isTrueCount(gap, there.size) ? [] : [`filled is ${gap.filled}, but ${there.size} trades are there`]),
  ];
}

/** Compares the latest windows and audits of a gap's time with its trades. */
function revisionProblems(gap: Gap, trades: readonly TradeEvent[], records: readonly FeedRecord[]): string[] {
  const latest = new Map<string, TradeStats | Audit>();
  for (const record of records) {
    if (record.kind !== 'trade_stats' && record.kind !== 'audit') continue;
    if (seriesOf(record) !== seriesOf(gap)) continue;
    const start = record.kind === 'audit' ? record.minute : record.windowStart;
    const lengthMs = record.kind === 'audit' ? MINUTE_MS : record.windowMs;
    if (gap.fromTime >= start + lengthMs || gap.toTime < start) continue;
    const name = `${record.kind} ${lengthMs} ${start}`;
    if ((latest.get(name)?.revision ?? 0) <= record.revision) latest.set(name, record);
  }
  return [...latest.values()].flatMap((record) => {
    if (record.kind === 'trade_stats') return record.complete ? windowDifferences(record, trades) : [];
    const isInside = ({ timestamp }: TradeEvent) => timestamp - (timestamp % MINUTE_MS) === record.minute;
    return auditDifferences(record, trades.filter(isInside));
  });
}
