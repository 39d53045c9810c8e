import type { SchedulerLike, Subscription } from 'rxjs';
import { topicOf } from '../../codec/topics.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import type { Ending, EndingsOptions, Outcome, OutRecord, Recent, RecentOptions, Sink } from '../contract.ts';
import type { SpillMark } from '../spill/recover-log.ts';
import { Spill, type SpillOptions } from '../spill/spill.ts';
import { recentBehind } from '../spill/spilled-recent.ts';
import { LossLedger, lossesOf, type OutGap } from './loss-ledger.ts';
import { OutQueue, type QueueEntry } from './out-queue.ts';
import { sortOutcomes } from './sort-outcomes.ts';

export type DrainState = 'opening' | 'up' | 'down';

export interface DrainOptions {
  /** Monotonic milliseconds and all timers. */
  readonly scheduler: SchedulerLike;
  /** Records in one batch at most; 1000 by default. 1: every record at once, alone. */
  readonly maxBatch?: number;
  /** Milliseconds that a batch waits for more than there is when the sink is idle; 0 by default. */
  readonly lingerMs?: number;
  /**
   * Milliseconds from the start of one batch to that of the next, while fewer than 12 records wait: small batches cost
   * much the same whatever they carry. What comes after a pause goes at once. 0 by default.
   */
  readonly minIntervalMs?: number;
  /**
   * Where records go that the sink cannot take: after a second without it, or when half of the memory is used. With it
   * nothing is delivered before `resume`.
   */
  readonly spill?: SpillOptions;
  /** How the gap that dropped trades leave goes out; to the topic beside theirs by default. */
  readonly outGap?: OutGap;
  /** Records that may wait in memory; 200,000 by default. */
  readonly maxRecords?: number;
  /** Approximate heap bytes that may wait in memory; 256 MiB by default. */
  readonly maxBytes?: number;
  /** Milliseconds without an answer to a batch after which the sink counts as down; 2000 by default. */
  readonly downAfterMs?: number;
  /** Milliseconds between tries after an outcome or a fault that says retry, doubling; 100 to 5000 by default. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** False: a price tick that waits stays when a newer one comes. True by default. */
  readonly conflates?: boolean;
  /** Called when the state changes; the reason is for people. Once more with the same state where only the reason is new. */
  readonly onState?: (state: DrainState, reason: string) => void;
  /** Called for each batch with what the sink acknowledged of it, in order. */
  readonly onDelivered?: (records: readonly OutRecord[]) => void;
  /** Called for each record that the sink will never take. */
  readonly onRejected?: (record: OutRecord, fault: Fault) => void;
  /** Called with how many records of each topic were dropped for want of room. */
  readonly onDropped?: (byTopic: ReadonlyMap<string, number>) => void;
  /** Called once when the sink is over for good: nothing is tried again, and nothing spilled, for another may write now. */
  readonly onFailed?: (fault: Fault) => void;
  /** Called when records begin to go to the spill, when it fails, takes again, cannot be read, and when it is empty; for people. */
  readonly onSpill?: (event: SpillEvent, reason: string) => void;
}

export type SpillEvent = 'spilling' | 'failing' | 'broken' | 'drained';

export interface SpillStats {
  /** Records on the disk that are not under way. */
  readonly records: number;
  readonly bytes: number;
  /** Milliseconds since the oldest of its files was begun, or found; null: there is none. */
  readonly oldestMs: number | null;
  /** Stretches of files that could not be read. */
  readonly broken: number;
}

/** What a close left: in the spill for the next start, or nowhere. */
export interface Closed {
  readonly undelivered: number;
  readonly spilled: number;
}

export interface DrainStats {
  readonly state: DrainState;
  readonly reason: string;
  /** Records that wait, in memory or in the spill, or are under way. */
  readonly queued: number;
  /** Milliseconds since the oldest record that is not acknowledged was pushed; null: all are. */
  readonly oldestUnackedMs: number | null;
  readonly delivered: number;
  readonly rejected: number;
  /** Price ticks that a newer one replaced before they left. */
  readonly conflated: number;
  readonly batches: number;
  /** Records dropped for want of room, by topic. */
  readonly dropped: Readonly<Record<string, number>>;
  /** null: there is none. */
  readonly spill: SpillStats | null;
}

export interface PushOptions {
  /** Nothing pushed after this record is written before it is acknowledged (or rejected). */
  readonly barrier?: boolean;
}

interface WrittenTo {
  /** Of every environment that is written to, the configured one first. */
  readonly environmentPrefixes: readonly string[];
}

export interface ResumeOptions extends Pick<EndingsOptions, 'trades' | 'aggTrades' | 'own'>, WrittenTo {}

export interface DrainRecentOptions extends Omit<RecentOptions, 'environmentPrefix' | 'otherPrefixes'>, WrittenTo {}

export interface Drain {
  readonly name: string;
  /** Resolves when the sink is open; rejects with the Fault when it can never be, or when the drain closes before. */
  readonly opened: Promise<void>;
  /**
   * Once, after `opened` and before the first push: reads where every series ends, of the sink and of what a former
   * process spilled, and begins to deliver that. @throws Fault
   */
  resume(options: ResumeOptions): Promise<readonly Ending[]>;
  /**
   * Once, after `resume`: what was published lately, or will have been when what a former process spilled is delivered;
   * `endings` are those of `resume`. What is pushed meanwhile does not count; to files, or where something waits in the
   * spill, nothing may be. @throws Fault
   */
  recent(options: DrainRecentOptions): Promise<Recent>;
  /** Takes the record. Never blocks: where there is no room, something less precious is dropped (docs/decisions/0003). */
  push(record: OutRecord, options?: PushOptions): void;
  pushMany(records: readonly OutRecord[]): void;
  /** Undefined while there is room; else resolves when half of it is free: for sources that can wait. */
  room(): Promise<void> | undefined;
  /** Resolves when all that was pushed is acknowledged, rejected or dropped. */
  idle(): Promise<void>;
  stats(): DrainStats;
  /**
   * Takes no more, delivers what waits, for `deadlineMs` at most, puts the rest into the spill, closes the sink, and says
   * what was left.
   */
  close(options: { readonly deadlineMs: number }): Promise<Closed>;
}

/** So many records go at once: a send costs about as much as a dozen records do. */
const ENOUGH = 12;
const WATCH_EVERY_MS = 250;
const SPILL_AFTER_MS = 1000;
const READ_AT_ONCE = 5000;
const READ_AGAIN_MS = 1000;
const SAVE_MS = 1000;
const LAST_ANSWER_MS = 500;
const NONE: readonly OutRecord[] = [];

/**
 * Carries records to a sink: one batch at a time, the next made of all that came meanwhile; in order; in bounded memory.
 * What the sink could not take is tried again before anything newer. What it cannot take for long waits on disk.
 */
export function createDrain(sink: Sink, options: DrainOptions): Drain {
  return new SinkDrain(sink, options);
}

class SinkDrain implements Drain {
  readonly opened: Promise<void>;
  readonly #sink: Sink;
  readonly #options: DrainOptions;
  readonly #scheduler: SchedulerLike;
  readonly #maxBatch: number;
  readonly #lingerMs: number;
  readonly #minIntervalMs: number;
  readonly #enough: number;
  readonly #downAfterMs: number;
  readonly #maxRecords: number;
  readonly #conflates: boolean;
  readonly #queue: OutQueue;
  /** Back from the spill: goes before the queue. */
  readonly #stage = new OutQueue({ maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  readonly #spill: Spill | undefined;
  readonly #ledger: LossLedger;
  readonly #timers = new Set<Subscription>();

  #state: DrainState = 'opening';
  #reason = 'opening';
  #running = false;
  /** A timer will begin the next batch. */
  #isWaiting = false;
  #accepting = true;
  /** Nothing is written any more: the deadline of close() has passed. */
  #stopped = false;
  #isReady = false;
  /** A former process left something in the spill. */
  #isLeft = false;
  /** The sink will never take anything again. */
  #isOver = false;
  #seq = 0;
  #pumping: Promise<void> = Promise.resolve();
  #unacked: readonly OutRecord[] = NONE;
  #unackedSince = 0;
  /** The place of the first of them; those of gaps lie between two records. */
  #unackedSeq = 0;
  #unackedStep = 1;
  /** Whatever becomes of this process, they are in the spill. */
  #isUnackedSafe = false;
  /** What was taken out of the spill ends here. */
  #readSeq = 0;
  #reading: Promise<void> = Promise.resolve();
  #downSince: number | undefined;
  /** Since when the sink owes an answer; undefined between batches. */
  #askedAt: number | undefined;
  /** When the last batch was begun. */
  #begunAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #watch: Subscription | undefined;
  #idle: Waiting | undefined;
  #room: Waiting | undefined;
  #stop = waiting();
  #closing: Promise<Closed> | undefined;

  #delivered = 0;
  #rejected = 0;
  #conflated = 0;
  #batches = 0;
  #droppedByTopic = new Map<string, number>();

  constructor(sink: Sink, options: DrainOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#scheduler = options.scheduler;
    this.#maxBatch = options.maxBatch ?? 1000;
    this.#lingerMs = options.lingerMs ?? 0;
    this.#minIntervalMs = options.minIntervalMs ?? 0;
    this.#enough = Math.min(ENOUGH, this.#maxBatch);
    this.#downAfterMs = options.downAfterMs ?? 2000;
    this.#maxRecords = options.maxRecords ?? 200_000;
    this.#conflates = options.conflates ?? true;
    this.#queue = new OutQueue({ maxRecords: this.#maxRecords, maxBytes: options.maxBytes ?? 256 * 2 ** 20 });
    this.#ledger = new LossLedger(options.outGap);
    if (options.spill !== undefined) this.#spill = this.#newSpill(options.spill);
    this.#watchOften();
    this.opened = this.#open();
    this.opened.catch(() => {});
  }

  get name(): string {
    return this.#sink.name;
  }

  push(record: OutRecord, options?: PushOptions): void {
    if (!this.#accepting) {
      this.#countDropped(new Map([[record.topic, 1]]));
      return;
    }
    if (this.#conflates && this.#queue.replace(record)) {
      this.#conflated++;
      return;
    }
    if (this.#spill !== undefined && this.#queue.isHalfFull) this.#beginSpill();
    while (this.#queue.isFull) this.#evict();
    this.#queue.push(record, options?.barrier === true, ++this.#seq, this.#scheduler.now());
    if (!this.#running) this.#wake();
  }

  pushMany(records: readonly OutRecord[]): void {
    for (const record of records) this.push(record);
  }

  room(): Promise<void> | undefined {
    // What can wait must not fill a disk.
    const isFull = this.#spill === undefined ? this.#queue.isFull : this.#spill.isOn || this.#queue.isHalfFull;
    if (this.#room === undefined && !isFull) return undefined;
    this.#room ??= waiting();
    return this.#room.promise;
  }

  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.#idle ??= waiting();
    return this.#idle.promise;
  }

  stats(): DrainStats {
    const since = this.#unacked.length > 0 ? this.#unackedSince : (this.#stage.oldestAt ?? this.#queue.oldestAt);
    const spilledSince = this.#spill?.since;
    const oldest = spilledSince === undefined ? since : Math.min(spilledSince, since ?? spilledSince);
    return {
      state: this.#state,
      reason: this.#reason,
      queued: this.#waiting + this.#unacked.length,
      oldestUnackedMs: oldest === undefined ? null : Math.max(0, this.#scheduler.now() - oldest),
      delivered: this.#delivered,
      rejected: this.#rejected,
      conflated: this.#conflated,
      batches: this.#batches,
      dropped: Object.fromEntries(this.#droppedByTopic),
      spill:
        this.#spill === undefined
          ? null
          : {
              records: this.#spill.unread,
              bytes: this.#spill.bytes,
              oldestMs: spilledSince === undefined ? null : this.#scheduler.now() - spilledSince,
              broken: this.#spill.broken,
            },
    };
  }

  close({ deadlineMs }: { readonly deadlineMs: number }): Promise<Closed> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async resume({ environmentPrefixes, trades, aggTrades, ...own }: ResumeOptions): Promise<readonly Ending[]> {
    const ask = (prefixes: readonly string[], spilled: ReadonlySet<string>): Promise<readonly Ending[]> => {
      const [environmentPrefix = '', ...otherPrefixes] = prefixes;
      const isSpilled = (kind: 'trade' | 'agg_trade') =>
        prefixes.some((prefix) => spilled.has(prefix + topicOf(kind).name));
      return this.#endings({
        environmentPrefix,
        otherPrefixes,
        trades: trades || isSpilled('trade'),
        aggTrades: aggTrades || isSpilled('agg_trade'),
        ...own,
      });
    };
    if (this.#spill === undefined) {
      const endings = await ask(environmentPrefixes, new Set());
      this.#ledger.seed(endings);
      return endings;
    }
    const endings = await this.#spill.recover(environmentPrefixes, ask);
    this.#seq = Math.max(this.#seq, Math.ceil(this.#spill.lastSeq));
    this.#isReady = true;
    this.#isLeft = this.#spill.isOn;
    if (this.#isLeft) this.#options.onSpill?.('spilling', `${this.#spill.unread} records of a former run`);
    this.#wake();
    return endings;
  }

  async recent({ environmentPrefixes, ...wanted }: DrainRecentOptions): Promise<Recent> {
    const [environmentPrefix = '', ...otherPrefixes] = environmentPrefixes;
    const options = { ...wanted, environmentPrefix, otherPrefixes };
    // The spill goes first: what leaves it meanwhile is found in the sink.
    const spilled = this.#isLeft ? await this.#spill?.recent(options) : undefined;
    const stored = await this.#sink.recent(options);
    return spilled === undefined ? stored : recentBehind(stored, spilled, options);
  }

  async #close(deadlineMs: number): Promise<Closed> {
    this.#accepting = false;
    if (this.#isReady && !this.#isOver) this.#start();
    if (!this.#isOver) await Promise.race([this.idle(), this.#delay(deadlineMs)]);
    this.#stopped = true;
    this.#stop.resolve();
    this.#room?.resolve();
    await this.#reading;
    try {
      // The rest goes to the disk first: what the closing sink still takes of it, the next start finds there.
      await Promise.all([this.#saveAll(), this.#sink.close()]);
    } finally {
      // What a closed sink still says of the batch under way counts, but it is not waited for long.
      await Promise.race([this.#pumping, this.#delay(LAST_ANSWER_MS)]);
      this.#watch?.unsubscribe();
      this.#endTimers();
      await this.#closeSpill();
      this.#endTimers();
    }
    return this.#left();
  }

  async #closeSpill(): Promise<void> {
    if (this.#spill === undefined) return;
    const isOn = this.#spill.isOn;
    const closed = this.#spill.close(this.#mark).catch((error) => this.#tellSpill('failing', asFault(error).message));
    // Nothing is lost where a drained one stays behind: part of it is delivered again.
    await (isOn ? closed : Promise.race([closed, this.#delay(SAVE_MS)]));
  }

  #endTimers(): void {
    for (const timer of this.#timers) timer.unsubscribe();
    this.#timers.clear();
  }

  #left(): Closed {
    const unacked = this.#unacked.length;
    if (this.#spill === undefined) return { undelivered: this.#waiting + unacked, spilled: 0 };
    const isSafe = unacked === 0 || this.#isUnackedSafe || this.#spill.hasSaved(this.#unackedSeq + unacked - 1);
    const undelivered = this.#queue.length + this.#spill.pending + (isSafe ? 0 : unacked);
    return { undelivered, spilled: this.#waiting + unacked - undelivered };
  }

  async #saveAll(): Promise<void> {
    if (this.#spill === undefined || !this.#isReady || this.#isOver) return;
    let isOver = false;
    const first = this.#spill.isOn ? [] : this.#leaveMemory();
    await Promise.race([
      this.#spill.saveAll(first, this.#unacked.length, () => isOver),
      this.#delay(SAVE_MS).then(() => {
        isOver = true;
      }),
    ]);
  }

  async #open(): Promise<void> {
    await this.#untilDone(() => this.#sink.open());
    this.#isReady = this.#spill === undefined;
    this.#become('up', 'open');
    this.#wake();
  }

  async #endings(options: EndingsOptions): Promise<readonly Ending[]> {
    const endings = await this.#untilDone(() => this.#sink.endings(options));
    this.#become('up', 'open');
    return endings;
  }

  /** Tries again what may pass, until the drain closes. @throws Fault */
  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; !this.#stopped; failures++) {
      try {
        return await work();
      } catch (error) {
        const fault = asFault(error);
        this.#become('down', fault.message);
        if (fault.retry.kind === 'never') throw fault;
        await this.#pause(this.#backoff(failures, fault.retry.kind === 'after' ? fault.retry.afterMs : 0));
      }
    }
    throw new Fault('sink', `sink ${this.name}: closed before it was open`, { retry: { kind: 'never' } });
  }

  /** Starts a batch with everything that is pushed in the same turn of the event loop. */
  #wake(): void {
    if (this.#running || (this.#isWaiting && this.#queue.length < this.#enough)) return;
    if (!this.#isReady || this.#waiting === 0 || this.#stopped) return;
    const isLingering = this.#lingerMs > 0 && this.#waiting < this.#maxBatch && this.#accepting;
    const waitMs = isLingering ? this.#lingerMs : this.#tooSoonMs();
    if (waitMs === 0) {
      this.#start();
    } else if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#after(waitMs, () => {
        this.#isWaiting = false;
        this.#start();
      });
    }
  }

  /** How many milliseconds the next batch should wait for company; 0 where it has enough, has waited already, or nobody else comes. */
  #tooSoonMs(): number {
    const { length, oldestAt } = this.#queue;
    if (this.#minIntervalMs === 0 || length >= this.#enough || this.#stage.length > 0 || !this.#accepting) return 0;
    // The last batch left it behind: a barrier is between them.
    if (oldestAt === undefined || oldestAt <= this.#begunAt) return 0;
    return Math.max(0, Math.ceil(this.#begunAt + this.#minIntervalMs - this.#scheduler.now()));
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pumping = Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#unacked.length === 0) {
        if (this.#spill?.isOn === true && this.#stage.length === 0) {
          this.#reading = this.#readSpill(this.#spill);
          await this.#reading;
          if (this.#stopped) break;
        }
        if (this.#spill?.isOn === true && this.#stage.length === 0) continue;
        if (this.#tooSoonMs() > 0 || !this.#takeBatch()) break;
        if (this.#isUnackedSafe) await this.#spill?.saveMark(this.#mark);
      }
      const pauseMs = await this.#write(this.#unacked);
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
    this.#running = false;
    if (this.#isIdle()) {
      this.#tellIdle();
    } else if (!this.#stopped) {
      this.#wake();
    }
  }

  /** Makes the next batch; false where nothing waits. */
  #takeBatch(): boolean {
    const source = this.#stage.length > 0 ? this.#stage : this.#queue;
    const { oldestAt, headSeq } = source;
    if (oldestAt === undefined || headSeq === undefined) return false;
    this.#unackedSince = oldestAt;
    const gaps = this.#ledger.isEmpty ? NONE : this.#gapsBefore(source.head);
    if (gaps.length > 0) {
      // A batch of their own: acknowledged before the trade behind the hole is written.
      this.#unackedStep = 1 / (gaps.length + 1);
      this.#unackedSeq = headSeq - 1 + this.#unackedStep;
      this.#unacked = gaps;
    } else {
      this.#unackedStep = 1;
      this.#unackedSeq = headSeq;
      this.#unacked = this.#ledger.isEmpty
        ? source.take(this.#maxBatch)
        : source.take(this.#maxBatch, (record, seq) => this.#ledger.isDue(record, seq));
    }
    this.#isUnackedSafe = this.#spill?.isOn === true && source === this.#stage;
    if (this.#room !== undefined) this.#tellRoom();
    return true;
  }

  #gapsBefore(head: QueueEntry | undefined): readonly OutRecord[] {
    return head === undefined ? NONE : this.#ledger.takeDue(head.out, head.seq);
  }

  /** Writes the batch; what of it has to be tried again stays in #unacked. Returns how many milliseconds to wait before that. */
  async #write(batch: readonly OutRecord[]): Promise<number> {
    this.#batches++;
    this.#askedAt = this.#scheduler.now();
    this.#begunAt = this.#askedAt;
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#sink.write(batch);
    } catch (error) {
      const fault = asFault(error);
      outcomes = batch.map(() => ({ kind: 'retry', fault }));
    }
    this.#askedAt = undefined;
    return this.#settle(batch, outcomes);
  }

  #settle(batch: readonly OutRecord[], outcomes: readonly Outcome[]): number {
    const { delivered, rejected, again, fault, afterMs } = sortOutcomes(batch, outcomes, this.name);
    for (const { record, fault: refusal } of rejected) this.#reject(record, refusal);
    this.#unacked = again;
    if (delivered.length > 0) {
      this.#failures = 0;
      this.#delivered += delivered.length;
      this.#ledger.delivered(delivered);
      this.#options.onDelivered?.(delivered);
    }
    if (again.length === 0) this.#tellSettled();
    if (fault !== undefined) {
      this.#become('down', fault.message);
      if (fault.retry.kind === 'never') this.#fail(fault);
      return this.#backoff(this.#failures++, afterMs);
    }
    if (this.#state !== 'up') this.#become('up', 'delivers again');
    return 0;
  }

  #fail(fault: Fault): void {
    this.#isOver = true;
    this.#stopped = true;
    this.#accepting = false;
    this.#stop.resolve();
    this.#options.onFailed?.(fault);
  }

  #backoff(failures: number, afterMs: number): number {
    const { initialMs, maxMs } = this.#options.backoff ?? { initialMs: 100, maxMs: 5000 };
    return Math.max(afterMs, Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30)));
  }

  #become(state: DrainState, cause: string): void {
    const reason = state === 'down' && this.#spill?.isOn === true ? `${cause}; records go to the spill` : cause;
    if (this.#state === state && (this.#reason === reason || state === 'up')) return;
    if (state === 'up') this.#downSince = undefined;
    else this.#downSince ??= this.#scheduler.now();
    this.#state = state;
    this.#reason = reason;
    this.#options.onState?.(state, reason);
  }

  /** A write that hangs never answers: its age tells. */
  #watchOften(): void {
    this.#watch = this.#scheduler.schedule(() => {
      if (this.#askedAt !== undefined && this.#scheduler.now() - this.#askedAt >= this.#downAfterMs) {
        const health = this.#sink.health();
        this.#become(
          'down',
          health.state === 'down' ? health.reason : `no answer to a batch within ${this.#downAfterMs} ms`,
        );
      }
      const downFor = this.#scheduler.now() - (this.#downSince ?? Number.POSITIVE_INFINITY);
      if (downFor >= SPILL_AFTER_MS && this.#waiting + this.#unacked.length > 0) this.#beginSpill();
      this.#watchOften();
    }, WATCH_EVERY_MS);
  }

  #newSpill(options: SpillOptions): Spill {
    const parts = { queue: this.#queue, ledger: this.#ledger, scheduler: this.#scheduler };
    return new Spill(options, parts, {
      onDropped: (byTopic) => {
        this.#countDropped(byTopic);
        if (this.#isIdle()) this.#tellIdle();
      },
      onRejected: (record, fault) => this.#reject(record, fault),
      onFault: (fault) => {
        if (fault !== undefined) this.#tellSpill('failing', fault.message);
        else if (this.#spill?.isOn === true) this.#tellSpill('spilling', 'the disk takes records again');
      },
      onTaken: () => {
        if (this.#room !== undefined) this.#tellRoom();
      },
      onBroken: () => this.#tellSpill('broken', 'a part of a file could not be read'),
    });
  }

  #beginSpill(): void {
    if (this.#spill === undefined || !this.#isReady || this.#stopped) return;
    if (this.#spill.isOn) {
      this.#spill.hurry();
      return;
    }
    const underWay = this.#unacked.length;
    this.#spill.begin(this.#leaveMemory(), underWay);
    this.#tellSpill('spilling', this.#state === 'down' ? this.#reason : 'half of the memory is used');
    if (this.#state === 'down') this.#become('down', this.#reason);
  }

  /** The batch under way, and what waits before the queue. */
  #leaveMemory(): QueueEntry[] {
    const entries = this.#unacked.map((out, index) => ({
      seq: this.#unackedSeq + index * this.#unackedStep,
      barrier: out.record.kind === 'gap' || out.record.kind === 'position',
      out,
    }));
    const staged = this.#stage.takeEntries(this.#stage.length);
    const last = entries.at(-1);
    // What had been read back and goes out again does not count as read, or it would count as settled.
    if (last !== undefined) this.#readSeq = last.seq;
    else if (staged[0] !== undefined) this.#readSeq = staged[0].seq - 1;
    return [...entries, ...staged];
  }

  /** Fills the stage, once at least where there is anything. */
  async #readSpill(spill: Spill): Promise<void> {
    try {
      const entries = await spill.read(READ_AT_ONCE);
      const now = this.#scheduler.now();
      for (const { out, barrier, seq } of entries) {
        if (this.#conflates && this.#stage.replace(out)) this.#conflated++;
        else this.#stage.push(out, barrier, seq, now);
        this.#readSeq = Math.max(this.#readSeq, seq);
      }
      if (!spill.isOn) {
        this.#tellSettled();
        this.#tellSpill('drained', 'all that was spilled is delivered');
        if (this.#room !== undefined) this.#tellRoom();
      }
    } catch (error) {
      this.#tellSpill('failing', asFault(error).message);
      await this.#pause(READ_AGAIN_MS);
    }
  }

  /** All up to here is with the sink or rejected. */
  get #settledSeq(): number {
    if (this.#unacked.length > 0) return this.#unackedSeq - 1;
    return this.#stage.headSeq === undefined ? this.#readSeq : this.#stage.headSeq - 1;
  }

  get #mark(): SpillMark {
    return { settledSeq: this.#settledSeq, handedSeq: (this.#stage.headSeq ?? this.#readSeq + 1) - 1 };
  }

  #tellSettled(): void {
    if (this.#spill === undefined || !this.#spill.hasFiles) return;
    this.#spill.settled(this.#settledSeq).catch((error) => this.#tellSpill('failing', asFault(error).message));
  }

  #tellSpill(event: SpillEvent, reason: string): void {
    this.#options.onSpill?.(event, reason);
  }

  #reject(record: OutRecord, fault: Fault): void {
    this.#rejected++;
    this.#options.onRejected?.(record, fault);
  }

  #evict(): void {
    const evicted = this.#queue.evict();
    this.#ledger.lost(lossesOf(evicted), `${this.#batches} ${this.#spill?.mark}`);
    const byTopic = new Map<string, number>();
    for (const { out } of evicted) byTopic.set(out.topic, (byTopic.get(out.topic) ?? 0) + 1);
    this.#countDropped(byTopic);
  }

  #countDropped(byTopic: ReadonlyMap<string, number>): void {
    for (const [topic, count] of byTopic) {
      this.#droppedByTopic.set(topic, (this.#droppedByTopic.get(topic) ?? 0) + count);
    }
    this.#options.onDropped?.(byTopic);
  }

  #tellRoom(): void {
    if (this.#spill?.isOn === true || this.#queue.length > this.#maxRecords / (this.#spill === undefined ? 2 : 4))
      return;
    if (this.#queue.isFull) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #tellIdle(): void {
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Records that wait for their batch, wherever. */
  get #waiting(): number {
    const spilled = this.#spill === undefined ? 0 : this.#spill.unread + this.#spill.pending;
    return this.#queue.length + this.#stage.length + spilled;
  }

  #isIdle(): boolean {
    return this.#unacked.length === 0 && this.#waiting === 0;
  }

  /** Waits, but no longer than until the drain stops. */
  #pause(ms: number): Promise<void> {
    return Promise.race([this.#delay(ms), this.#stop.promise]);
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, work: () => void): void {
    const timer = this.#scheduler.schedule(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }
}

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
}

function waiting(): Waiting {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
