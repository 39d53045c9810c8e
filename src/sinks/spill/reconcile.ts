import { type MarketKeyOf, prefixOfTopic, symbolKey } from '../../codec/environment-topics.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Gap, Position, PriceTick } from '../../domain/record.ts';
import { type AnyTrade, compareIds, type TradeKind } from '../../domain/trade-id.ts';
import type { Checkpoint } from '../../operators/sequence/id-sequence.ts';
import type { CheckpointOptions, OutRecord, SeriesCheckpoint } from '../contract.ts';
import { lossBefore, seriesOf, type TradeLoss, tradeOf } from '../queue/pending-losses.ts';
import type { QueueEntry } from '../queue/sink-queue.ts';
import { checkpointAt, type LastEpoch, lastEpochs, seriesCheckpoints, seriesKey } from '../resume/checkpoints.ts';

/* Decides, when a process starts, which records of the spill the sink already has. */

/** Checkpoints from the topics of environments that share their epoch numbers. */
export interface CheckpointGroup extends Pick<CheckpointOptions, 'environmentPrefixes' | 'kinds'> {
  readonly checkpoints: readonly SeriesCheckpoint[];
}

interface Series {
  readonly group: Group;
  /** The series' first trade in the spill, with its topic and key. */
  readonly out: OutRecord;
  readonly trade: AnyTrade;
  /** The sink has the series' records up to this sequence number; -1: it has none of them. */
  storedSeq: number;
  /** True if the spill has the sink's last trade. Then the order in the spill decides what is stored, not the ids. */
  isExact: boolean;
  /** True if the sink's last trade is unknown. Then records that may have been sent count as stored. */
  isUnsure: boolean;
  lastSeq: number;
  last: Checkpoint;
}

/**
 * Decides which records of a spill count as stored in the sink, and are not sent again:
 * - trades of a series up to the sink's last trade, by their order in the spill. If that trade is not in the spill, ids
 *   and times decide together: a testnet's ids start again;
 * - if the sink's last trade is unknown, the trades that may have been sent. A gap reports them as unknown;
 * - trades, positions and price ticks of an epoch if the sink has a later one;
 * - a position if the sink has its trade or a later one;
 * - a price tick before the sink's last trade of its epoch;
 * - an unsent gap before the sink's last trade: another process has resumed meanwhile;
 * - records of an epoch if another process published later trades in an earlier epoch, or used its number for another
 *   venue. The feed resumes where that process ended.
 */
export class Reconciler {
  readonly #groups: readonly Group[];
  readonly #handedSeq: number;
  readonly #series = new Map<string, Series>();
  readonly #lastTradeSeq = new Map<string, number>();
  /** Sequence number of the last stored record that is not a trade; -1: there is none. */
  #lastStoredOther = -1;
  /** The last position of each venue and symbol, of the first group. */
  readonly #positions = new Map<string, { readonly seq: number; readonly of: Position | AnyTrade }>();

  /** Records with sequence numbers above `handedSeq` were never sent. */
  constructor(groups: readonly CheckpointGroup[], handedSeq: number, keyOf: MarketKeyOf = symbolKey) {
    this.#handedSeq = handedSeq;
    this.#groups = groups.map((group) => new Group(group, keyOf));
  }

  /** Adds a record. Add all records, in order, before you call other methods. */
  see(entry: QueueEntry): void {
    const { out, seq } = entry;
    const { record } = out;
    if (record.kind === 'position') {
      const group = this.#groupOf(out);
      group.judge(record);
      if (group === this.#groups[0]) this.#positions.set(seriesKey(record), { seq, of: record });
    }
    const trade = tradeOf(out);
    if (trade === undefined) {
      if (this.isStored(entry)) this.#lastStoredOther = seq;
      return;
    }
    this.#lastTradeSeq.set(`${out.topic} ${out.key}`, seq);
    const last = checkpointAt(trade);
    const series = getOrCreate(this.#series, seriesOf(out, trade), (): Series => {
      const group = this.#groupOf(out);
      return { group, out, trade, storedSeq: -1, isExact: false, isUnsure: false, lastSeq: seq, last };
    });
    series.lastSeq = seq;
    series.last = last;
    if (series.group.isFollowed(trade)) {
      series.storedSeq = seq;
      return;
    }
    const epoch = series.group.epochOf(trade);
    if (epoch?.epoch !== trade.epoch) return;
    const end = epoch.last.get(trade.kind);
    if (end === undefined && seq <= this.#handedSeq) {
      series.storedSeq = seq;
      series.isUnsure = true;
    }
    if (!end) return;
    if (last.id === end.id && last.timestamp === end.timestamp) {
      series.isExact = true;
      series.storedSeq = seq;
    } else if (!series.isExact && compareIds(last.id, end.id) <= 0 && last.timestamp <= end.timestamp) {
      series.storedSeq = seq;
    }
  }

  /** True if the record counts as stored in the sink. */
  isStored({ out, seq }: QueueEntry): boolean {
    if (out.record.kind === 'position') return this.#groupOf(out).hasPosition(out.record);
    if (out.record.kind === 'price') return this.#groupOf(out).isLaterThan(out.record);
    // If the sink has a trade after this unsent gap, another process published that trade, and its own gaps.
    if (out.record.kind === 'gap') return seq > this.#handedSeq && this.#groupOf(out).isPast(out.record);
    const trade = tradeOf(out);
    if (trade === undefined) return 'epoch' in out.record && this.#groupOf(out).isVoid(out.record);
    return seq <= (this.#series.get(seriesOf(out, trade))?.storedSeq ?? -1);
  }

  /** The highest sequence number of a stored record; -1: none is stored. */
  get lastStoredSeq(): number {
    return [...this.#series.values()].reduce((last, { storedSeq }) => Math.max(last, storedSeq), this.#lastStoredOther);
  }

  /** True if the gap of a loss still has to be published: the spill has later trades, and the sink has none. */
  isOpen(loss: TradeLoss): boolean {
    if (this.#groupOf(loss).isVoid(loss)) return false;
    const stored = this.#series.get(seriesOf(loss, loss))?.storedSeq ?? -1;
    return stored < loss.seq && (this.#lastTradeSeq.get(`${loss.topic} ${loss.key}`) ?? -1) > loss.seq;
  }

  /** Losses of unknown size, one for each series whose last trade in the sink is unknown. */
  unsure(): readonly TradeLoss[] {
    return [...this.#series.values()]
      .filter(({ isUnsure }) => isUnsure)
      .map(({ out, trade, storedSeq }) => lossBefore(out, trade, null, storedSeq));
  }

  /** The last trade of each series of the first group once the whole spill is delivered. */
  checkpoints(): readonly SeriesCheckpoint[] {
    const [own] = this.#groups;
    if (own === undefined) return [];
    const newer = [...this.#series.values()].filter(
      ({ group, storedSeq, lastSeq }) => group === own && lastSeq > storedSeq,
    );
    const begun = [
      ...this.#positions.values(),
      ...newer.map(({ lastSeq, trade }) => ({ seq: lastSeq, of: trade })),
    ].sort((a, b) => a.seq - b.seq);
    const epochs = own.epochs();
    for (const { of } of begun) {
      const { venue, symbol, epoch } = of;
      const known = epochs.get(seriesKey(of));
      if (known?.epoch === epoch || own.isFollowed(of)) continue;
      const environment = known?.environment ?? of.environment;
      const last = new Map(own.kinds.map((kind) => [kind, null]));
      epochs.set(seriesKey(of), { venue, symbol, epoch, environment, last });
    }
    for (const { trade, last } of newer) {
      const known = epochs.get(seriesKey(trade));
      if (known?.epoch !== trade.epoch) continue;
      epochs.set(seriesKey(trade), { ...known, last: new Map(known.last).set(trade.kind, last) });
    }
    return seriesCheckpoints(epochs.values(), own.kinds);
  }

  #groupOf({ topic }: Pick<OutRecord, 'topic'>): Group {
    const prefix = prefixOfTopic(topic);
    const group = this.#groups.find(({ prefixes }) => prefixes.includes(prefix));
    if (group === undefined) throw new Error(`the checkpoints of the topics ${prefix}* were not read`);
    return group;
  }
}

/** Maximum difference between clocks of venues and hosts, milliseconds. */
const SKEW_MS = 2000;

type Epoch = Pick<Position, 'venue' | 'symbol' | 'epoch'>;

/** The last epochs in the topics of one checkpoint group, by venue and symbol. */
class Group {
  readonly prefixes: readonly string[];
  readonly kinds: readonly TradeKind[];
  readonly #epochs = new Map<string, LastEpoch>();
  readonly #keyOf: MarketKeyOf;
  /** The latest epoch of each message key. */
  readonly #latest = new Map<string, LastEpoch>();
  /** By message key: the first epoch in the spill whose records are not sent, because another process has resumed. */
  readonly #void = new Map<string, number>();

  constructor({ environmentPrefixes, kinds, checkpoints }: CheckpointGroup, keyOf: MarketKeyOf) {
    this.#keyOf = keyOf;
    this.prefixes = environmentPrefixes;
    this.kinds = kinds;
    for (const last of lastEpochs(checkpoints)) {
      const key = keyOf(last);
      if (last.epoch > (this.#latest.get(key)?.epoch ?? 0)) this.#latest.set(key, last);
      if (last.epoch >= (this.epochOf(last)?.epoch ?? 0)) this.#epochs.set(seriesKey(last), last);
    }
  }

  epochs(): Map<string, LastEpoch> {
    return new Map(this.#epochs);
  }

  epochOf(of: { readonly venue: string; readonly symbol: string }): LastEpoch | undefined {
    return this.#epochs.get(seriesKey(of));
  }

  /** Marks the position's epoch and all later ones as void if another process has resumed meanwhile. */
  judge(position: Position): void {
    const { venue, epoch, timestamp } = position;
    const key = this.#keyOf(position);
    const latest = this.#latest.get(key);
    if (latest === undefined || this.isVoid(position)) return;
    const isPast = epoch > latest.epoch && endsOf(latest).some((end) => end.timestamp > timestamp + SKEW_MS);
    if (isPast || (epoch === latest.epoch && venue !== latest.venue)) this.#void.set(key, epoch);
  }

  isVoid(of: Epoch): boolean {
    return of.epoch >= (this.#void.get(this.#keyOf(of)) ?? Number.POSITIVE_INFINITY);
  }

  /** True if the epoch is void, or the sink has a later one: its position was written after all records of this one. */
  isFollowed(of: Epoch): boolean {
    return (this.#latest.get(this.#keyOf(of))?.epoch ?? 0) > of.epoch || this.isVoid(of);
  }

  /** True if the sink has a trade after the tick, which makes the tick useless. */
  isLaterThan(tick: PriceTick): boolean {
    if (this.isFollowed(tick)) return true;
    const known = this.epochOf(tick);
    return known?.epoch === tick.epoch && endsOf(known).some((end) => end.timestamp > tick.timestamp);
  }

  isPast(gap: Gap): boolean {
    if (this.isFollowed(gap)) return true;
    const known = this.epochOf(gap);
    if (known?.epoch !== gap.epoch || gap.toId === null) return false;
    // The first published kind counts, because gaps have its ids. Aggregated trades continue while a gap is pending.
    const end = this.kinds.map((kind) => known.last.get(kind)).find((last) => last !== undefined);
    return end != null && compareIds(gap.toId, end.id) <= 0;
  }

  hasPosition(position: Position): boolean {
    if (this.isFollowed(position)) return true;
    const known = this.epochOf(position);
    if (known?.epoch !== position.epoch) return false;
    const { tradeId } = position;
    return tradeId === null || endsOf(known).some((end) => compareIds(tradeId, end.id) <= 0);
  }
}

function endsOf({ last }: LastEpoch): Checkpoint[] {
  return [...last.values()].filter((end) => end != null);
}
