import type { FeedStatus, Gap, Position, TradeEvent } from '../../src/domain/record.ts';
import { fingerprint, type JournalIndex, type MadeTrades } from './journal-index.ts';

/** What a judge found; counts are of trades. */
export interface Verdict {
  readonly published: number;
  /** Turns of a venue at a symbol, of the symbol that had most. */
  readonly epochs: number;
  /** Made by the serving venue between the first and the last published of an epoch, not published, and in no gap. */
  readonly lost: number;
  /** The same, but inside a published gap. */
  readonly inGaps: number;
  /** Where ids jump: missing and named by nobody, but withheld by a fault from a line that stayed open. Nobody can add. */
  readonly undetectable: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly gaps: number;
  /** Processes that text their state. */
  readonly instances: number;
  /** In words, at most 100 of each: gaps with what is still missing in them, what was lost, what came twice or late, and every other breach of the contract. */
  readonly named: readonly string[];
  readonly losses: readonly string[];
  readonly repeats: readonly string[];
  readonly problems: readonly string[];
}

export interface JudgeOptions {
  /** The venue itself loses ids at times: what a gap names need not all have been made. */
  readonly venueLosesIds?: boolean;
  /** No symbol may be without a trade for longer, in event time, that is in no gap, while a venue sends some: milliseconds. By default it may. */
  readonly mostSilentMs?: number;
  /** Topics of a broker, whose times add what came first in different topics; true by default. False: files. */
  readonly timed?: boolean;
}

interface Run {
  readonly name: string;
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
  readonly made: MadeTrades;
  first: number;
  last: number;
  firstAt: number;
  readonly gaps: Gap[];
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

const MOST_WORDS = 100;
/** A venue that sends something of a symbol in every such part of a silence could have been listened to. */
const PARTS_OF_SILENCE = 5;
/** Venues whose trade ids jump by themselves. */
const JUMPING: ReadonlySet<string> = new Set(['bybit']);

/**
 * Holds what was published against what the venues made, by CONTRACT 4: within a venue, symbol and epoch each trade once
 * and in order, or inside a published gap that is true; epochs only rise, each is one venue's and was announced.
 * Two epochs of one venue that follow each other, with none of another venue between them, count as one run: a restart is no
 * reason to lose anything.
 * Records are given in the order of their topic; `at` is when they were stored, milliseconds since 1970.
 */
export class TradeJudge {
  readonly #journal: JournalIndex;
  readonly #options: JudgeOptions;
  readonly #runs = new Map<string, Run>();
  /** By symbol, in order of their epochs. */
  readonly #turns = new Map<string, Run[]>();
  /** The run with the highest epoch so far, by symbol. */
  readonly #newest = new Map<string, Run>();
  /** When each trade made was published; 0: it was not. */
  readonly #publishedAt = new Map<MadeTrades, Float64Array>();
  readonly #gaps = new Map<string, { readonly gap: Gap; readonly at: number }>();
  readonly #announcedAt = new Map<string, number>();
  /** Epochs by symbol, whether they had a trade or not. */
  readonly #announced = new Map<string, Position[]>();
  readonly #sequences = new Map<string, Set<number>>();
  /** The latest timestamp published, and the silences, by symbol. */
  readonly #receivedAt = new Map<string, number>();
  #firstReceivedAt = Number.POSITIVE_INFINITY;
  readonly #silences = new Map<string, Interval[]>();
  readonly #named: string[] = [];
  readonly #losses: string[] = [];
  readonly #repeats: string[] = [];
  readonly #problems: string[] = [];
  #published = 0;
  #duplicated = 0;
  #outOfOrder = 0;

  constructor(journal: JournalIndex, options: JudgeOptions = {}) {
    this.#journal = journal;
    this.#options = options;
  }

  trade(trade: TradeEvent, at: number): void {
    this.#published++;
    const { venue, symbol, epoch, tradeId, lastTradeId, timestamp } = trade;
    this.#received(symbol, timestamp);
    const run = this.#runOf(trade);
    if (run === undefined) return;
    const newest = this.#newest.get(symbol) ?? run;
    if (epoch >= newest.epoch) this.#newest.set(symbol, run);
    else
      this.#problem(`${symbol}: trade ${tradeId} of ${venue}'s epoch ${epoch} after a record of epoch ${newest.epoch}`);
    const first = run.made.find(BigInt(tradeId), timestamp);
    if (first === -1) {
      this.#problem(`${run.name}: trade ${tradeId} of ${timestamp} was never made`);
      return;
    }
    const last = lastTradeId === null ? first : first + Number(BigInt(lastTradeId) - BigInt(tradeId));
    if (lastTradeId === null && run.made.value(first) !== fingerprint(trade.price, trade.quantity, trade.isBuyerMaker))
      this.#problem(`${run.name}: trade ${tradeId} has other values than the venue sent`);
    if (run.first === -1) {
      run.first = first;
      run.firstAt = at;
    }
    const publishedAt = this.#publishedAtOf(run.made);
    for (let index = first; index <= last; index++) this.#mark(run, index, publishedAt, at);
    run.last = Math.max(run.last, last);
  }

  gap(gap: Gap, at: number): void {
    const { venue, symbol, epoch, fromId, toId, fromTime, toTime, outcome } = gap;
    // Delivered again is the same gap.
    const identity = [venue, symbol, epoch, fromId, toId, fromTime, toTime, outcome].join(' ');
    if (!this.#gaps.has(identity)) this.#gaps.set(identity, { gap, at });
  }

  position(position: Position, at: number): void {
    const { venue, symbol, epoch } = position;
    const ofSymbol = this.#announced.get(symbol) ?? [];
    this.#announced.set(symbol, ofSymbol);
    if (!ofSymbol.some((other) => other.venue === venue && other.epoch === epoch)) ofSymbol.push(position);
    const name = `${venue} ${symbol} ${epoch}`;
    this.#announcedAt.set(name, Math.min(at, this.#announcedAt.get(name) ?? at));
  }

  status({ instance, sequence }: FeedStatus): void {
    const sequences = this.#sequences.get(instance) ?? new Set<number>();
    this.#sequences.set(instance, sequences);
    sequences.add(sequence);
  }

  /** To be called once, when everything was given. */
  verdict(): Verdict {
    for (const { gap } of this.#gaps.values())
      this.#runs.get(`${gap.venue} ${gap.symbol} ${gap.epoch}`)?.gaps.push(gap);
    const sum = { lost: 0, inGaps: 0, undetectable: 0 };
    for (const [symbol, turns] of this.#turns) {
      turns.sort((a, b) => a.epoch - b.epoch);
      this.#judgeTurns(symbol, turns);
      for (const [at, run] of turns.entries()) {
        const next = turns[at + 1];
        const end = next !== undefined && this.#goesOn(run, next) ? next.first : run.last;
        this.#countMissing(run, end, sum);
      }
    }
    for (const { gap, at } of this.#gaps.values()) this.#judgeGap(gap, at);
    this.#judgeSequences();
    if (this.#options.mostSilentMs !== undefined) this.#judgeSilences();
    return {
      published: this.#published,
      epochs: Math.max(0, ...[...this.#turns.values()].map((turns) => turns.length)),
      ...sum,
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
      gaps: this.#gaps.size,
      instances: this.#sequences.size,
      named: this.#named,
      losses: this.#losses,
      repeats: this.#repeats,
      problems: this.#problems,
    };
  }

  #runOf({ venue, symbol, epoch, tradeId }: TradeEvent): Run | undefined {
    const name = `${venue} ${symbol} ${epoch}`;
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    const made = this.#journal.of(venue, symbol);
    if (made === undefined) {
      this.#problem(`${name}: trade ${tradeId} of a symbol that the venue does not have`);
      return undefined;
    }
    const run: Run = { name, venue, symbol, epoch, made, first: -1, last: -1, firstAt: 0, gaps: [] };
    this.#runs.set(name, run);
    const turns = this.#turns.get(symbol) ?? [];
    this.#turns.set(symbol, turns);
    turns.push(run);
    return run;
  }

  #mark(run: Run, index: number, publishedAt: Float64Array, at: number): void {
    if (publishedAt[index] !== 0) {
      this.#duplicated++;
      add(this.#repeats, `${run.name}: trade ${run.made.id(index)} twice, at ${publishedAt[index]} and ${at}`);
      return;
    }
    publishedAt[index] = at;
    if (index >= run.last) return;
    this.#outOfOrder++;
    add(this.#repeats, `${run.name}: trade ${run.made.id(index)} after ${run.made.id(run.last)}, at ${at}`);
  }

  #publishedAtOf(made: MadeTrades): Float64Array {
    const known = this.#publishedAt.get(made);
    if (known !== undefined) return known;
    const times = new Float64Array(made.count);
    this.#publishedAt.set(made, times);
    return times;
  }

  /** The next epoch of the same venue goes on where this one ended, unless it was another venue's time between. */
  #goesOn({ venue, symbol, epoch, last }: Run, next: Run): boolean {
    const isBetween = (other: Position) => other.epoch > epoch && other.epoch < next.epoch && other.venue !== venue;
    return next.venue === venue && next.first > last && this.#announced.get(symbol)?.some(isBetween) !== true;
  }

  #judgeTurns(symbol: string, turns: readonly Run[]): void {
    for (const [at, run] of turns.entries()) {
      if (turns[at + 1]?.epoch === run.epoch)
        this.#problem(`${symbol}: epoch ${run.epoch} is ${run.venue}'s and ${turns[at + 1]?.venue}'s`);
      // Files keep the last position alone once they are compacted.
      if (this.#options.timed === false && at < turns.length - 1) continue;
      const announcedAt = this.#announcedAt.get(run.name);
      if (announcedAt === undefined) this.#problem(`${run.name}: no position announces it`);
      else if (this.#options.timed !== false && announcedAt > run.firstAt)
        this.#problem(`${run.name}: announced at ${announcedAt}, its first trade came at ${run.firstAt}`);
    }
  }

  /** Counts the trades of a run that were not published, up to `end`, exclusive. */
  #countMissing(run: Run, end: number, sum: { lost: number; inGaps: number; undetectable: number }): void {
    const { made, venue } = run;
    const publishedAt = this.#publishedAtOf(made);
    const intervals = run.gaps.map((gap) => this.#intervalOf(made, gap));
    let missing: { from: number; count: number } | undefined;
    for (let index = run.first; index <= end && index >= 0; index++) {
      const isThere = publishedAt[index] !== 0;
      const isNamed = !isThere && intervals.some(({ from, to }) => index > from && index < to);
      const isHidden = !isThere && !isNamed && JUMPING.has(venue) && made.isWithheld(index);
      if (isNamed) sum.inGaps++;
      if (isHidden) sum.undetectable++;
      if (!isThere && !isNamed && !isHidden) {
        sum.lost++;
        missing ??= { from: index, count: 0 };
        missing.count++;
      } else if (missing !== undefined) {
        this.#addLost(run, missing);
        missing = undefined;
      }
    }
    if (missing !== undefined) this.#addLost(run, missing);
  }

  #addLost({ name, made }: Run, { from, count }: { from: number; count: number }): void {
    const to = from + count - 1;
    const between = `${made.id(from)} to ${made.id(to)}, made at ${made.time(from)} to ${made.time(to)}`;
    add(this.#losses, `${name}: ${count} lost, ${between}`);
  }

  /** Where a gap begins and ends among the trades made, both exclusive. */
  #intervalOf(made: MadeTrades, { fromId, toId, fromTime, toTime }: Gap): Interval {
    const indexOf = (id: string, time: number) => {
      const exact = made.find(BigInt(id), time);
      // An aggregated trade has the time of its first, but ends the run with its last.
      return exact === -1 ? made.find(BigInt(id)) : exact;
    };
    return {
      from: fromId === null ? -1 : indexOf(fromId, fromTime),
      to: toId === null ? Number.POSITIVE_INFINITY : indexOf(toId, toTime),
    };
  }

  #judgeGap(gap: Gap, at: number): void {
    const { venue, symbol, epoch, fromId, toId } = gap;
    const name = `${venue} ${symbol} ${epoch}`;
    const text = `${name}: the gap (${fromId},${toId}) of ${gap.missing} with ${gap.filled} filled, ${gap.outcome},`;
    const run = this.#runs.get(name);
    if (run === undefined) {
      this.#problem(`${text} lies in an epoch without a trade`);
      return;
    }
    const { from, to } = this.#intervalOf(run.made, gap);
    const publishedAt = this.#publishedAtOf(run.made);
    if (fromId === null || from === -1 || publishedAt[from] === 0)
      this.#problem(`${text} does not begin at a published trade`);
    if (toId === null) {
      if (run.last > from)
        this.#problem(
          `${text} says that nothing followed, but ${run.made.id(run.last)} did, ${run.last - from} behind`,
        );
      return;
    }
    // Killed between the gap and the trade behind it: a wider gap of the next process names that trade too.
    const isNamed = run.gaps.some((other) => {
      const interval = this.#intervalOf(run.made, other);
      return other !== gap && to > interval.from && to < interval.to;
    });
    if (to === -1 || (to < run.last && publishedAt[to] === 0 && !isNamed))
      this.#problem(`${text} does not end at a published trade`);
    if (from === -1 || to === -1) return;
    if (gap.outcome !== 'repaired') add(this.#named, `${text} written at ${at}`);
    this.#judgeCounts(text, run, { gap, at }, { from, to });
    // A trade that came behind a later one is named when it comes, and no sooner.
    const isLate = JUMPING.has(venue) && gap.missing !== null;
    if (this.#options.timed === false || isLate) return;
    let after = to;
    while (after <= run.last && publishedAt[after] === 0) after++;
    const afterAt = publishedAt[after] ?? 0;
    if (after <= run.last && afterAt < at)
      this.#problem(`${text} was written at ${at}, the trade after it, ${run.made.id(after)}, at ${afterAt}`);
  }

  #judgeCounts(
    text: string,
    { made, venue }: Run,
    { gap, at }: { readonly gap: Gap; readonly at: number },
    { from, to }: Interval,
  ): void {
    const publishedAt = this.#publishedAtOf(made);
    // Nobody could add what was withheld from every line, but the next process may ask the venue for it.
    const isLearned = (index: number) =>
      JUMPING.has(venue) && made.isWithheld(index) && !made.isSent(index) && (publishedAt[index] as number) > at;
    let filled = 0;
    for (let index = from + 1; index < to; index++) if (publishedAt[index] !== 0 && !isLearned(index)) filled++;
    if (gap.filled !== filled) this.#problem(`${text} has ${filled} of its trades published`);
    if (to <= from) this.#problem(`${text} ends before it begins`);
    const madeInside = to - from - 1;
    const byIds = Number(made.id(to) - made.id(from)) - 1;
    // Where ids start again their difference says nothing.
    const contiguous = !JUMPING.has(venue) && byIds >= 0;
    if (contiguous ? gap.missing !== byIds : gap.missing !== null && gap.missing > madeInside)
      this.#problem(`${text} has ${contiguous ? byIds : madeInside} trades in it`);
    if (contiguous && this.#options.venueLosesIds !== true && byIds !== madeInside)
      this.#problem(`${text} names trades that were never made`);
    if (gap.missing !== null && (gap.outcome === 'repaired') !== (gap.missing === gap.filled))
      this.#problem(`${text} has the wrong outcome`);
  }

  #received(symbol: string, to: number): void {
    this.#firstReceivedAt = Math.min(this.#firstReceivedAt, to);
    const from = this.#receivedAt.get(symbol) ?? this.#firstReceivedAt;
    this.#receivedAt.set(symbol, Math.max(from, to));
    if (to - from <= (this.#options.mostSilentMs ?? Number.POSITIVE_INFINITY)) return;
    this.#silences.set(symbol, [...(this.#silences.get(symbol) ?? []), { from, to }]);
  }

  #judgeSilences(): void {
    for (const symbol of this.#journal.symbols) {
      const venues = this.#journal.ofSymbol(symbol);
      if (!this.#receivedAt.has(symbol)) this.#receivedAt.set(symbol, this.#firstReceivedAt);
      this.#received(symbol, Math.max(...venues.map(([, made]) => made.time(made.count - 1))));
      for (const silence of this.#silences.get(symbol) ?? []) {
        if (this.#unnamedMs(symbol, silence) <= (this.#options.mostSilentMs ?? 0)) continue;
        const { from, to } = silence;
        const sending = venues.filter(([, made]) => made.longestUnsent(from, to) < (to - from) / PARTS_OF_SILENCE);
        if (sending.length > 0)
          this.#problem(
            `${symbol}: no trade from ${from} to ${to}, ${to - from} ms, while ${sending.map(([venue]) => venue).join(', ')} sent them`,
          );
      }
    }
  }

  /** How much of a silence lies in no gap. */
  #unnamedMs(symbol: string, { from, to }: Interval): number {
    const gaps = [...this.#gaps.values()].map(({ gap }) => gap).filter((gap) => gap.symbol === symbol);
    let unnamedMs = 0;
    let end = from;
    for (const { fromTime, toTime } of gaps.sort((a, b) => a.fromTime - b.fromTime)) {
      unnamedMs += Math.max(0, Math.min(fromTime, to) - end);
      end = Math.max(end, toTime);
    }
    return unnamedMs + Math.max(0, to - end);
  }

  /** Status records of a process are numbered without a missing; a killed one loses its last. */
  #judgeSequences(): void {
    for (const [instance, sequences] of this.#sequences) {
      const last = Math.max(...sequences);
      if (sequences.size !== last)
        this.#problem(`feed-status of ${instance}: ${last - sequences.size} of ${last} records are missing`);
    }
  }

  #problem(text: string): void {
    add(this.#problems, text);
  }
}

function add(texts: string[], text: string): void {
  if (texts.length < MOST_WORDS) texts.push(text);
}
