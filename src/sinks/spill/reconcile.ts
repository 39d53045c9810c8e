import type { AggTrade, Gap, Position, PriceTick, TradeEvent } from '../../domain/record.ts';
import { compareIds } from '../../domain/trade-id.ts';
import type { Ending, LastTrade, OutRecord } from '../contract.ts';
import { type Loss, seriesOf, tradeOf } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';

/** What the topics of one or more environments say together. */
export interface EndingsOf {
  readonly environmentPrefixes: readonly string[];
  readonly endings: readonly Ending[];
}

type Trade = TradeEvent | AggTrade;

interface Series {
  readonly group: Group;
  /** The first of it. */
  readonly out: OutRecord;
  readonly trade: Trade;
  /** All up to here are in the sink; below every number: none is. */
  storedSeq: number;
  /** The sink's last trade was found here, so the order in the file tells, not the ids. */
  isExact: boolean;
  /** The sink cannot tell its end: what may have been under way is taken for stored. */
  isUnsure: boolean;
  lastSeq: number;
  last: LastTrade;
}

/** Topic without the name of its records: `` or `simulated.`. */
export function prefixOf(topic: string): string {
  return topic.slice(0, topic.lastIndexOf('.') + 1);
}

/**
 * Which records of a spill the sink has already: those of a series (venue, symbol, epoch) up to the one that the series
 * ends with in the sink, in the order of the file; where that one is not in the file, those whose id is not above its id
 * (unless they are later: ids of a testnet start again), and all of an epoch that a later one has followed. Where the
 * sink cannot tell, what was under way when the process ended counts as stored, and a gap says that it may not be. A
 * price tick is stale where a later trade of its epoch is there, and a gap that was never with the sink where what lies
 * behind it is there: another process has gone on meanwhile. Where that one went past the moment at which an epoch of the
 * spill begins, or began it at another venue, the spill has nothing of the symbol from there on: the feed goes on where
 * the other one ended.
 */
export class Reconciler {
  readonly #groups: readonly Group[];
  readonly #handedSeq: number;
  readonly #series = new Map<string, Series>();
  readonly #lastTradeSeq = new Map<string, number>();
  /** Of what is no trade. */
  #lastStoredOther = -1;
  /** The last position of each venue and symbol, of the first group. */
  readonly #positions = new Map<string, { readonly seq: number; readonly position: Position }>();

  /** The first of the groups is the one whose `endings` are asked for. Records above `handedSeq` were never with the sink. */
  constructor(groups: readonly EndingsOf[], handedSeq: number) {
    this.#handedSeq = handedSeq;
    this.#groups = groups.map((group) => new Group(group));
  }

  /** Takes notice of a record; all of them first, in order. */
  see(entry: QueueEntry): void {
    const { out, seq } = entry;
    const { record } = out;
    if (record.kind === 'position') {
      const group = this.#groupOf(out);
      group.judge(record);
      if (group === this.#groups[0]) {
        this.#positions.set(`${record.venue} ${record.symbol}`, { seq, position: record });
      }
    }
    const trade = tradeOf(out);
    if (trade === undefined) {
      if (this.isStored(entry)) this.#lastStoredOther = seq;
      return;
    }
    this.#lastTradeSeq.set(`${out.topic} ${out.key}`, seq);
    const last = { id: trade.lastTradeId ?? trade.tradeId, timestamp: trade.timestamp };
    const name = seriesOf(out, trade);
    let series = this.#series.get(name);
    if (series === undefined) {
      series = {
        group: this.#groupOf(out),
        out,
        trade,
        storedSeq: -1,
        isExact: false,
        isUnsure: false,
        lastSeq: seq,
        last,
      };
      this.#series.set(name, series);
    }
    series.lastSeq = seq;
    series.last = last;
    if (series.group.isFollowed(trade)) {
      series.storedSeq = seq;
      return;
    }
    const ending = series.group.ending(trade);
    if (ending?.epoch !== trade.epoch) return;
    const end = trade.kind === 'trade' ? ending.trade : ending.aggTrade;
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

  /** The sink has it: it is not delivered again. */
  isStored({ out, seq }: QueueEntry): boolean {
    if (out.record.kind === 'position') return this.#groupOf(out).hasPosition(out.record);
    if (out.record.kind === 'price') return this.#groupOf(out).isLaterThan(out.record);
    // What lies behind the gap was never with the sink either, so whoever stored it told of gaps of its own.
    if (out.record.kind === 'gap') return seq > this.#handedSeq && this.#groupOf(out).isPast(out.record);
    const trade = tradeOf(out);
    if (trade === undefined) return 'epoch' in out.record && this.#groupOf(out).isVoid(out.record);
    return seq <= (this.#series.get(seriesOf(out, trade))?.storedSeq ?? -1);
  }

  /** Behind this number nothing is stored. */
  get lastStoredSeq(): number {
    return [...this.#series.values()].reduce((last, { storedSeq }) => Math.max(last, storedSeq), this.#lastStoredOther);
  }

  /**
   * The gap of the loss is still to be told: the sink has nothing from behind it, and the spill has. Where the spill has
   * nothing either, the series ends before the loss, and the feed goes on from there.
   */
  isOpen({ topic, key, venue, symbol, epoch, seq }: Loss): boolean {
    if (this.#groupOf({ topic }).isVoid({ symbol, epoch })) return false;
    const stored = this.#series.get(`${topic} ${venue} ${symbol} ${epoch}`)?.storedSeq ?? -1;
    return stored < seq && (this.#lastTradeSeq.get(`${topic} ${key}`) ?? -1) > seq;
  }

  /** What may be missing, where the sink could not tell. */
  unsure(): readonly Loss[] {
    return [...this.#series.values()]
      .filter(({ isUnsure }) => isUnsure)
      .map(({ out, trade: { venue, symbol, epoch, environment, timestamp }, storedSeq }) => {
        const { topic, key } = out;
        return { topic, key, venue, symbol, epoch, environment, missing: null, seq: storedSeq, firstTime: timestamp };
      });
  }

  /** Where each series of the first group will end when the spill is drained. */
  endings(): readonly Ending[] {
    const [own] = this.#groups;
    if (own === undefined) return [];
    const endings = own.all();
    const newer = [...this.#series.values()].filter(
      ({ group, storedSeq, lastSeq }) => group === own && lastSeq > storedSeq,
    );
    const epochs = [
      ...[...this.#positions.values()].map(({ seq, position }) => ({ seq, begun: position })),
      ...newer.map(({ lastSeq, trade }) => ({ seq: lastSeq, begun: trade })),
    ].sort((a, b) => a.seq - b.seq);
    for (const { begun } of epochs) {
      const { venue, symbol, epoch, environment } = begun;
      const known = endings.get(`${venue} ${symbol}`);
      if (known?.epoch === epoch || own.isFollowed(begun)) continue;
      endings.set(`${venue} ${symbol}`, {
        venue,
        symbol,
        epoch,
        environment: known?.environment ?? environment,
        trade: null,
        aggTrade: null,
      });
    }
    for (const { trade, last } of newer) {
      const name = `${trade.venue} ${trade.symbol}`;
      const ending = endings.get(name);
      if (ending?.epoch !== trade.epoch) continue;
      endings.set(name, { ...ending, [trade.kind === 'trade' ? 'trade' : 'aggTrade']: last });
    }
    return [...endings.values()];
  }

  #groupOf({ topic }: Pick<OutRecord, 'topic'>): Group {
    const prefix = prefixOf(topic);
    const group = this.#groups.find(({ prefixes }) => prefixes.includes(prefix));
    if (group === undefined) throw new Error(`nobody asked how the topics ${prefix}* end`);
    return group;
  }
}

/** What the clocks of venues and hosts may be apart. */
const SKEW_MS = 2000;

type Epoch = Pick<Position, 'symbol' | 'epoch'>;

/** The endings of topics that belong together, by venue and symbol. */
class Group {
  readonly prefixes: readonly string[];
  readonly #endings = new Map<string, Ending>();
  /** By symbol, of its latest epoch. */
  readonly #latest = new Map<string, Ending>();
  /** By symbol the first epoch of which the spill has nothing that counts. */
  readonly #void = new Map<string, number>();

  constructor({ environmentPrefixes, endings }: EndingsOf) {
    this.prefixes = environmentPrefixes;
    for (const ending of endings) {
      const name = `${ending.venue} ${ending.symbol}`;
      const known = this.#endings.get(name);
      if (ending.epoch > (this.#latest.get(ending.symbol)?.epoch ?? 0)) this.#latest.set(ending.symbol, ending);
      if (known === undefined || known.epoch < ending.epoch) this.#endings.set(name, ending);
    }
  }

  all(): Map<string, Ending> {
    return new Map(this.#endings);
  }

  ending({ venue, symbol }: { readonly venue: string; readonly symbol: string }): Ending | undefined {
    return this.#endings.get(`${venue} ${symbol}`);
  }

  /** Another process may have gone on where the spill begins an epoch of its own. */
  judge({ venue, symbol, epoch, timestamp }: Position): void {
    const latest = this.#latest.get(symbol);
    if (latest === undefined || epoch === 0 || this.isVoid({ symbol, epoch })) return;
    const end = Math.max(latest.trade?.timestamp ?? 0, latest.aggTrade?.timestamp ?? 0);
    const isPast = epoch > latest.epoch && end > timestamp + SKEW_MS;
    if (isPast || (epoch === latest.epoch && venue !== latest.venue)) this.#void.set(symbol, epoch);
  }

  isVoid({ symbol, epoch }: Epoch): boolean {
    return epoch >= (this.#void.get(symbol) ?? Number.POSITIVE_INFINITY);
  }

  /** A later epoch of the symbol has begun: its position was written when everything before it was there. */
  isFollowed({ symbol, epoch }: Epoch): boolean {
    return epoch > 0 && ((this.#latest.get(symbol)?.epoch ?? 0) > epoch || this.isVoid({ symbol, epoch }));
  }

  /** What was published after it makes the tick one that a newer one replaced. */
  isLaterThan(tick: PriceTick): boolean {
    if (this.isFollowed(tick)) return true;
    const ending = this.ending(tick);
    if (ending?.epoch !== tick.epoch) return false;
    return [ending.trade, ending.aggTrade].some((last) => last != null && last.timestamp > tick.timestamp);
  }

  isPast(gap: Gap): boolean {
    if (this.isFollowed(gap)) return true;
    const ending = this.ending(gap);
    if (ending?.epoch !== gap.epoch || gap.toId === null) return false;
    // Where trades are published gaps count them: aggregated ones go on past a hole that is under repair.
    const last = ending.trade === undefined ? ending.aggTrade : ending.trade;
    return last != null && compareIds(gap.toId, last.id) <= 0;
  }

  hasPosition(position: Position): boolean {
    if (this.isFollowed(position)) return true;
    const ending = this.ending(position);
    if (ending?.epoch !== position.epoch) return false;
    const { tradeId } = position;
    if (tradeId === null) return true;
    return [ending.trade, ending.aggTrade].some((last) => last != null && compareIds(tradeId, last.id) <= 0);
  }
}
