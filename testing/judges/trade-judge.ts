import type { FeedStatus, Gap, Position, TradeEvent } from '../../src/domain/record.ts';
import { fingerprint, type JournalIndex, type MadeTrades } from './journal-index.ts';

/** The judge's findings. Numbers count trades, unless they say otherwise. */
export interface Verdict {
  readonly published: number;
  /** The highest number of epochs that a symbol had. */
  readonly epochs: number;
  /**
   * Trades of the serving venue that are neither published nor in a gap, between the first and the last published one
   * of an epoch.
   */
  readonly lost: number;
  /** Unpublished trades of the same range that are inside a published gap. */
  readonly inGaps: number;
  /**
   * Missing trades that cannot be detected: ids are not contiguous, and a fault withheld the trade from an open line.
   */
  readonly undetectable: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly gaps: number;
  /** Number of processes that published a status. */
  readonly instances: number;
  /** Gaps that are not repaired. Each list of findings has at most 100 texts. */
  readonly named: readonly string[];
  /** Lost trades. */
  readonly losses: readonly string[];
  /** Repeated or late trades. */
  readonly repeats: readonly string[];
  /** All other breaches of the delivery rule. */
  readonly problems: readonly string[];
}

export interface JudgeOptions {
  /** The venue itself skips ids at times, so a gap may contain ids of trades that were never made. */
  readonly venueLosesIds?: boolean;
  /**
   * Longest time without a published trade of a symbol, outside of gaps, while a venue sends trades of it: milliseconds
   * of event time. Default: no limit.
   */
  readonly maxPauseMs?: number;
  /** True (default): the records come from a broker, whose times show the order between topics. False: from files. */
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

const MAX_FINDINGS = 100;
/**
 * A venue counts as sending in a time without data if its longest pause was shorter than that time divided by this
 * number.
 */
const VENUE_PAUSES_PER_PAUSE = 5;
/** Venues whose trade ids are not contiguous. */
const SPARSE_ID_VENUES: ReadonlySet<string> = new Set(['bybit']);

/**
 * Compares the published records with what the venues made. Within a venue, symbol and epoch, each trade must be
 * published once and in order, or be inside a published gap with true counts. Epochs must only rise, belong to one
 * venue, and be announced by a position record. Epochs of one venue that follow each other, without another venue
 * between them, count as one run: a restart is no reason to lose a trade. The records of a topic must be passed in
 * their order. `at` is when a record was stored, milliseconds since 1970.
 */
export class TradeJudge {
  readonly #journal: JournalIndex;
  readonly #options: JudgeOptions;
  readonly #runs = new Map<string, Run>();
  /** The runs of each symbol; `verdict` sorts them by epoch. */
  readonly #epochRuns = new Map<string, Run[]>();
  /** The run with the highest epoch so far, by symbol. */
  readonly #newest = new Map<string, Run>();
  /** When each trade of a venue was published, milliseconds since 1970; 0: not published. */
  readonly #publishedAt = new Map<MadeTrades, Float64Array>();
  readonly #gaps = new Map<string, { readonly gap: Gap; readonly at: number }>();
  readonly #announcedAt = new Map<string, number>();
  /** Epochs by symbol, whether they had a trade or not. */
  readonly #announced = new Map<string, Position[]>();
  readonly #sequences = new Map<string, Set<number>>();
  /** The latest timestamp of a published trade, by symbol. */
  readonly #receivedAt = new Map<string, number>();
  #firstReceivedAt = Number.POSITIVE_INFINITY;
  /** Times without a published trade that are longer than `maxPauseMs`, by symbol. */
  readonly #pauses = new Map<string, Interval[]>();
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
    // The trades of a healed gap are in `late-trades`, which this judge does not read.
    if (outcome === 'healed') return;
    // A gap that is delivered again counts once.
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

  /** Judges the run. Call it once, after the last record. */
  verdict(): Verdict {
    for (const { gap } of this.#gaps.values())
      this.#runs.get(`${gap.venue} ${gap.symbol} ${gap.epoch}`)?.gaps.push(gap);
    const sum = { lost: 0, inGaps: 0, undetectable: 0 };
    for (const [symbol, epochs] of this.#epochRuns) {
      epochs.sort((a, b) => a.epoch - b.epoch);
      this.#judgeEpochs(symbol, epochs);
      for (const [at, run] of epochs.entries()) {
        const next = epochs[at + 1];
        const end = next !== undefined && this.#isContinuedBy(run, next) ? next.first : run.last;
        this.#countMissing(run, end, sum);
      }
    }
    for (const { gap, at } of this.#gaps.values()) this.#judgeGap(gap, at);
    this.#judgeSequences();
    if (this.#options.maxPauseMs !== undefined) this.#judgePauses();
    return {
      published: this.#published,
      epochs: Math.max(0, ...[...this.#epochRuns.values()].map((epochs) => epochs.length)),
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
    const epochs = this.#epochRuns.get(symbol) ?? [];
    this.#epochRuns.set(symbol, epochs);
    epochs.push(run);
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

  /** True if the next epoch continues this one: it has the same venue, and no other venue served in between. */
  #isContinuedBy({ venue, symbol, epoch, last }: Run, next: Run): boolean {
    const isBetween = (other: Position) => other.epoch > epoch && other.epoch < next.epoch && other.venue !== venue;
    return next.venue === venue && next.first > last && this.#announced.get(symbol)?.some(isBetween) !== true;
  }

  #judgeEpochs(symbol: string, epochs: readonly Run[]): void {
    for (const [at, run] of epochs.entries()) {
      if (epochs[at + 1]?.epoch === run.epoch)
        this.#problem(`${symbol}: epoch ${run.epoch} is ${run.venue}'s and ${epochs[at + 1]?.venue}'s`);
      // In files, compaction keeps only the last position record, so earlier epochs are not judged.
      if (this.#options.timed === false && at < epochs.length - 1) continue;
      const announcedAt = this.#announcedAt.get(run.name);
      if (announcedAt === undefined) this.#problem(`${run.name}: no position announces it`);
      else if (this.#options.timed !== false && announcedAt > run.firstAt)
        this.#problem(`${run.name}: announced at ${announcedAt}, its first trade came at ${run.firstAt}`);
    }
  }

  /** Counts the trades of a run that were not published, from its first published trade to index `end`. */
  #countMissing(run: Run, end: number, sum: { lost: number; inGaps: number; undetectable: number }): void {
    const { made, venue } = run;
    const publishedAt = this.#publishedAtOf(made);
    const intervals = run.gaps.map((gap) => this.#intervalOf(made, gap));
    let missing: { from: number; count: number } | undefined;
    for (let index = run.first; index <= end && index >= 0; index++) {
      const isThere = publishedAt[index] !== 0;
      const isNamed = !isThere && intervals.some(({ from, to }) => index > from && index < to);
      const isHidden = !isThere && !isNamed && SPARSE_ID_VENUES.has(venue) && made.isWithheld(index);
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

  /** Indexes of the trades at both ends of a gap, which are not part of it. */
  #intervalOf(made: MadeTrades, { fromId, toId, fromTime, toTime }: Gap): Interval {
    const indexOf = (id: string, time: number) => {
      const exact = made.find(BigInt(id), time);
      // An aggregated trade has the time of its first trade, but the gap begins after its last. So the time may not
      // match.
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
          `${text} says that nothing followed, but ${run.made.id(run.last)} did, ${run.last - from} trades later`,
        );
      return;
    }
    // If the process was killed between the gap and the trade after it, a wider gap of the next process contains that
    // trade too.
    const isNamed = run.gaps.some((other) => {
      const interval = this.#intervalOf(run.made, other);
      return other !== gap && to > interval.from && to < interval.to;
    });
    if (to === -1 || (to < run.last && publishedAt[to] === 0 && !isNamed))
      this.#problem(`${text} does not end at a published trade`);
    if (from === -1 || to === -1) return;
    if (gap.outcome !== 'repaired') add(this.#named, `${text} written at ${at}`);
    this.#judgeCounts(text, run, { gap, at }, { from, to });
    // A trade that arrives after a later one is published as a gap when it arrives, so this gap need not come before
    // the trade after it.
    const isLate = SPARSE_ID_VENUES.has(venue) && gap.missing !== null;
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
    // No line received these trades, but the next process may fetch them from the venue.
    const isLearned = (index: number) =>
      SPARSE_ID_VENUES.has(venue) &&
      made.isWithheld(index) &&
      !made.isSent(index) &&
      (publishedAt[index] as number) > at;
    let filled = 0;
    for (let index = from + 1; index < to; index++) if (publishedAt[index] !== 0 && !isLearned(index)) filled++;
    if (gap.filled !== filled) this.#problem(`${text} has ${filled} of its trades published`);
    if (to <= from) this.#problem(`${text} ends before it begins`);
    const madeInside = to - from - 1;
    const byIds = Number(made.id(to) - made.id(from)) - 1;
    // If ids start again in between, their difference means nothing.
    const contiguous = !SPARSE_ID_VENUES.has(venue) && byIds >= 0;
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
    if (to - from <= (this.#options.maxPauseMs ?? Number.POSITIVE_INFINITY)) return;
    this.#pauses.set(symbol, [...(this.#pauses.get(symbol) ?? []), { from, to }]);
  }

  #judgePauses(): void {
    for (const symbol of this.#journal.symbols) {
      const venues = this.#journal.ofSymbol(symbol);
      if (!this.#receivedAt.has(symbol)) this.#receivedAt.set(symbol, this.#firstReceivedAt);
      this.#received(symbol, Math.max(...venues.map(([, made]) => made.time(made.count - 1))));
      for (const pause of this.#pauses.get(symbol) ?? []) {
        if (this.#msOutsideGaps(symbol, pause) <= (this.#options.maxPauseMs ?? 0)) continue;
        const { from, to } = pause;
        const sending = venues.filter(
          ([, made]) => made.longestUnsent(from, to) < (to - from) / VENUE_PAUSES_PER_PAUSE,
        );
        if (sending.length > 0)
          this.#problem(
            `${symbol}: no trade from ${from} to ${to}, ${to - from} ms, while ${sending.map(([venue]) => venue).join(', ')} sent them`,
          );
      }
    }
  }

  /** How much of a time without data is outside of gaps, milliseconds. */
  #msOutsideGaps(symbol: string, { from, to }: Interval): number {
    const gaps = [...this.#gaps.values()].map(({ gap }) => gap).filter((gap) => gap.symbol === symbol);
    let unnamedMs = 0;
    let end = from;
    for (const { fromTime, toTime } of gaps.sort((a, b) => a.fromTime - b.fromTime)) {
      unnamedMs += Math.max(0, Math.min(fromTime, to) - end);
      end = Math.max(end, toTime);
    }
    return unnamedMs + Math.max(0, to - end);
  }

  /** Status records of a process have consecutive numbers. A killed process loses only its last records. */
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
  if (texts.length < MAX_FINDINGS) texts.push(text);
}
