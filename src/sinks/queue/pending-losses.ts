import { prefixOfTopic } from '../../codec/environment-topics.ts';
import { topicOf } from '../../codec/topics.ts';
import { at } from '../../domain/at.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Environment, Gap } from '../../domain/record.ts';
import { type AnyTrade, isTrade } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { OutRecord, SeriesCheckpoint } from '../contract.ts';
import { checkpointAt } from '../resume/checkpoints.ts';
import type { QueueEntry } from './sink-queue.ts';

/** Consecutive trades of one series that were dropped. */
export interface TradeLoss {
  readonly topic: string;
  readonly key: string;
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly environment: Environment;
  /** Number of dropped trade ids; null: unknown whether any are missing. */
  readonly missing: number | null;
  /** Sequence number of the last dropped trade. Records with a higher number come after the gap. */
  readonly seq: number;
  /** Timestamp of the first dropped trade, milliseconds. */
  readonly firstTime: number;
}

/** Gives a gap record its topic and key. */
export type OutGap = (gap: Gap, topicOfTrades: string) => OutRecord;

/** The record if it is a trade or an aggregated trade. */
export function tradeOf({ record }: OutRecord): AnyTrade | undefined {
  return isTrade(record) ? record : undefined;
}

/** The number of trade ids that a trade covers. */
export function idsOf({ tradeId, lastTradeId }: AnyTrade): number {
  return lastTradeId === null ? 1 : Number(BigInt(lastTradeId) - BigInt(tradeId)) + 1;
}

/** The losses among dropped records: one for each series of trades. */
export function lossesOf(entries: readonly QueueEntry[]): TradeLoss[] {
  const losses = new Map<string, TradeLoss>();
  for (const { out, seq } of entries) {
    const trade = tradeOf(out);
    if (trade === undefined) continue;
    const name = seriesOf(out, trade);
    const known = losses.get(name) ?? lossBefore(out, trade, 0, seq);
    losses.set(name, { ...known, missing: sum(known.missing, idsOf(trade)), seq });
  }
  return [...losses.values()];
}

/** Makes a loss. `trade` is its first trade or, if that is unknown, the trade right after it. */
export function lossBefore({ topic, key }: OutRecord, trade: AnyTrade, missing: number | null, seq: number): TradeLoss {
  const { venue, symbol, epoch, environment, timestamp: firstTime } = trade;
  return { topic, key, venue, symbol, epoch, environment, missing, seq, firstTime };
}

/** Returns a name for the series of a trade, from its topic, venue, symbol and epoch. */
export function seriesOf(
  { topic }: Pick<OutRecord, 'topic'>,
  { venue, symbol, epoch }: Pick<AnyTrade, 'venue' | 'symbol' | 'epoch'>,
): string {
  return `${topic} ${venue} ${symbol} ${epoch}`;
}

/**
 * Remembers dropped trades until their gap record is sent, before the first trade after the gap. If no such trade
 * comes, the series ends before the gap, and the next start resumes from there.
 */
export class PendingLosses {
  readonly #outGap: OutGap;
  /** Losses by topic and key, in the order in which they were added. */
  readonly #pending = new Map<string, PendingLoss[]>();
  /** Topic → key → the last trade that the sink acknowledged. */
  readonly #last = new Map<string, Map<string, OutRecord>>();
  /** The last trade of each series before this process started. */
  readonly #checkpoints = new Map<string, Checkpoint>();
  /** Any record up to this sequence number may be missing, because part of the spill was unreadable. Negative: none. */
  #suspectSeq = -1;
  /** By topic and key: sequence number of the last trade that was checked for a gap before it. */
  readonly #checked = new Map<string, number>();

  constructor(outGap: OutGap = defaultOutGap) {
    this.#outGap = outGap;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0 && this.#suspectSeq < 0;
  }

  /** Sets the last trade of each series before this process started. */
  seed(checkpoints: readonly SeriesCheckpoint[]): void {
    for (const { kind, venue, symbol, epoch, last } of checkpoints) {
      if (last) this.#checkpoints.set(`${kind} ${venue} ${symbol} ${epoch}`, last);
    }
  }

  /** Notes records that the sink acknowledged. */
  delivered(records: readonly OutRecord[]): void {
    let topic = '';
    let keys: Map<string, OutRecord> | undefined;
    for (const out of records) {
      const { kind } = out.record;
      if (kind !== 'trade' && kind !== 'agg_trade') continue;
      if (keys === undefined || out.topic !== topic) {
        topic = out.topic;
        keys = getOrCreate(this.#last, topic, () => new Map());
      }
      keys.set(out.key, out);
    }
  }

  /**
   * Adds losses. Losses of a series with the same `mark` become one: no record lies between them. `isSaved`: the spill
   * has them.
   */
  lost(losses: readonly TradeLoss[], mark: string, isSaved = false): void {
    for (const loss of losses) {
      const list = getOrCreate(this.#pending, `${loss.topic} ${loss.key}`, () => []);
      const at = list.findLastIndex(
        (known) => known.mark === mark && known.isSaved === isSaved && seriesOf(known, known) === seriesOf(loss, loss),
      );
      const known = list[at];
      if (known === undefined) list.push({ ...loss, mark, isSaved });
      else list[at] = { ...known, missing: sum(known.missing, loss.missing), seq: Math.max(known.seq, loss.seq) };
    }
  }

  /** Gives `write` the losses that the spill does not have yet. The process may end before it publishes their gaps. */
  save<T>(write: (losses: readonly TradeLoss[]) => T): T {
    const unsaved = [...this.#pending.values()].flat().filter(({ isSaved }) => !isSaved);
    const written = write(unsaved);
    for (const loss of unsaved) loss.isSaved = true;
    return written;
  }

  /** Marks records up to `seq` as suspect: a series gets a gap unless its next trade's id follows its last one. */
  suspectAll(seq: number): void {
    this.#suspectSeq = Math.max(this.#suspectSeq, seq);
  }

  /** True if a gap has to precede the record. */
  isDue(out: OutRecord, seq: number): boolean {
    if (tradeOf(out) === undefined) return false;
    const pending = this.#pending.get(`${out.topic} ${out.key}`);
    return pending?.some((loss) => loss.seq < seq) === true || this.#isSuspect(out, seq);
  }

  /** Removes the losses before the record and returns their gap records. */
  takeDue(out: OutRecord, seq: number): readonly OutRecord[] {
    const trade = tradeOf(out);
    if (trade === undefined) return [];
    const name = `${out.topic} ${out.key}`;
    const pending = this.#pending.get(name) ?? [];
    const suspect = this.#isSuspect(out, seq);
    if (suspect) this.#checked.set(name, seq);
    const due = pending.filter((loss) => loss.seq < seq).toSorted((a, b) => a.seq - b.seq);
    const later = pending.filter((loss) => loss.seq >= seq);
    if (later.length > 0) this.#pending.set(name, later);
    else this.#pending.delete(name);

    if (suspect) due.push({ ...lossBefore(out, trade, 0, seq), mark: '', isSaved: true });
    const series = Map.groupBy(due, (loss) => `${loss.venue} ${loss.epoch}`);
    return [...series.values()].map((losses) => {
      const missing = suspect ? null : losses.reduce((total: number | null, loss) => sum(total, loss.missing), 0);
      return this.#outGap(this.#gap(at(losses, 0), out, trade, missing), out.topic);
    });
  }

  #isSuspect(out: OutRecord, seq: number): boolean {
    if (seq <= this.#suspectSeq || this.#suspectSeq < 0) return false;
    const name = `${out.topic} ${out.key}`;
    if ((this.#checked.get(name) ?? -1) > this.#suspectSeq) return false;
    const trade = tradeOf(out);
    const from = trade && this.#before(out, trade);
    const follows = trade !== undefined && from !== undefined && BigInt(from.id) + 1n === BigInt(trade.tradeId);
    if (follows) this.#checked.set(name, seq);
    return !follows;
  }

  /** The sink's last trade of the series. */
  #before({ topic, key }: { topic: string; key: string }, series: Pick<AnyTrade, 'venue' | 'epoch' | 'symbol'>) {
    const last = this.#last.get(topic)?.get(key);
    const trade = last && tradeOf(last);
    if (trade !== undefined && trade.venue === series.venue && trade.epoch === series.epoch) {
      return checkpointAt(trade);
    }
    const kind = topic.endsWith(topicOf('agg_trade').name) ? 'agg_trade' : 'trade';
    return this.#checkpoints.get(`${kind} ${series.venue} ${series.symbol} ${series.epoch}`);
  }

  #gap(loss: TradeLoss, out: OutRecord, next: AnyTrade, missing: number | null): Gap {
    const from = this.#before(out, loss);
    const follows = loss.venue === next.venue && loss.epoch === next.epoch;
    return {
      kind: 'gap',
      venue: loss.venue,
      symbol: loss.symbol,
      epoch: loss.epoch,
      channel: next.kind,
      fromId: from?.id ?? null,
      toId: follows ? next.tradeId : null,
      fromTime: from?.timestamp ?? loss.firstTime,
      toTime: next.timestamp,
      missing,
      filled: 0,
      outcome: missing === null ? 'unknown' : 'unrepaired',
      environment: loss.environment,
    };
  }
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

interface PendingLoss extends TradeLoss {
  readonly mark: string;
  isSaved: boolean;
}

const defaultOutGap: OutGap = (gap, topicOfTrades) => ({
  topic: prefixOfTopic(topicOfTrades) + topicOf('gap').name,
  key: `${gap.venue}:${gap.symbol}`,
  record: gap,
});
