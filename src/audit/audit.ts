import path from 'node:path';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { Audit, FeedRecord, Gap, TradeEvent, TradeStats } from '../domain/record.ts';
import { type AnyTrade, compareIds, isTrade } from '../domain/trade-id.ts';
import { MINUTE_MS } from '../feed/audits/audited-minute.ts';
import { nameOfSeries } from '../healing/open-gaps.ts';
import type { AuditReport } from './audit-report.ts';
import type { AuditedSeries, AuditedTopic, SeriesScope } from './audit-scope.ts';
import type { AuditSource } from './audit-source.ts';
import { BookChainCheck } from './book-chain-check.ts';
import { compareGaps, GapCheck } from './gap-check.ts';
import { GapSpans } from './gap-spans.ts';
import { compareAudits, MinuteCheck } from './minute-check.ts';
import { RecordSpan, RecordStore } from './record-store.ts';
import { Stops } from './stops.ts';
import { TradeWalk } from './trade-walk.ts';
import { compareWindows, WindowCheck } from './window-check.ts';

/**
 * So long after the end of a gap's longest window, its last records are published, milliseconds. The healer waits for the
 * windows and audits of the feed.
 */
const HEALS_MS = 120_000;

export interface AuditOptions {
  /** A folder for files, which are removed at the end. */
  readonly scratch: string;
  /** True for a venue whose trade ids step by one. */
  readonly isContiguous: (venue: string) => boolean;
}

/**
 * Compares the topics of an environment with each other. The trades are read once, in their order; the records of other
 * topics are sorted before, so that each trade meets those that belong to it. The memory is bounded.
 */
export async function auditRecords(source: AuditSource, report: AuditReport, options: AuditOptions): Promise<void> {
  const audit = new RecordAudit(source, report, options);
  try {
    await audit.run();
  } finally {
    audit.close();
  }
}

class RecordAudit {
  readonly #source: AuditSource;
  readonly #options: AuditOptions;
  readonly #report: AuditReport;
  readonly #stops = new Stops();
  readonly #gaps: RecordStore<Gap>;
  readonly #windows: RecordStore<TradeStats>;
  readonly #audits: RecordStore<Audit>;
  readonly #late: RecordStore<TradeEvent>;
  readonly #auditSpan = new RecordSpan();
  /** By the length of the windows, milliseconds. */
  readonly #windowSpans = new Map<number, RecordSpan>();
  /** The trades that audits and windows count. */
  #counted: 'trades' | 'agg-trades' = 'agg-trades';
  /** Start of the first whole minute of each partition of trades. */
  readonly #begins = new Map<string, number>();

  constructor(source: AuditSource, report: AuditReport, options: AuditOptions) {
    this.#source = source;
    this.#options = options;
    this.#report = report;
    const file = (name: string): string => path.join(options.scratch, source.prefix + name);
    this.#gaps = new RecordStore(file('gaps'), 'gap', compareGaps);
    this.#windows = new RecordStore(file('trade-stats'), 'trade_stats', compareWindows);
    this.#audits = new RecordStore(file('audits'), 'audit', compareAudits);
    this.#late = new RecordStore(file('late-trades'), 'trade', (a, b) => compareIds(a.tradeId, b.tradeId));
  }

  async run(): Promise<void> {
    await this.#store();
    for await (const _ of this.#source.read('trades')) {
      this.#counted = 'trades';
      break;
    }
    await this.#walk('agg-trades');
    await this.#walk('trades');
    this.#reportRest();
    await this.#checkBooks();
  }

  close(): void {
    for (const store of [this.#gaps, this.#windows, this.#audits, this.#late]) store.close();
  }

  /**
   * Sorts the records of all topics but the trades. The order of reading matters while a feed writes: what is read later
   * must not lack what was read before.
   */
  async #store(): Promise<void> {
    await this.#each('feed-status', 'status', (status) => this.#stops.add(status));
    await this.#each('gaps', 'gap', (gap) => this.#gaps.add(`${gap.channel} ${nameOfSeries(gap)}`, gap));
    await this.#each('trade-stats', 'trade_stats', (window) => {
      const { windowMs, windowStart } = window;
      this.#windows.add(`${windowMs} ${nameOfSeries(window)}`, window);
      getOrCreate(this.#windowSpans, windowMs, () => new RecordSpan()).add(windowStart);
    });
    await this.#each('audits', 'audit', (audit) => {
      this.#audits.add(nameOfSeries(audit), audit);
      this.#auditSpan.add(audit.minute);
    });
    await this.#each('late-trades', 'trade', (trade) => this.#late.add(nameOfSeries(trade), trade));
  }

  async #each<K extends FeedRecord['kind']>(
    topic: AuditedTopic,
    kind: K,
    take: (record: Extract<FeedRecord, { kind: K }>) => void,
  ): Promise<void> {
    const isOfKind = (record: FeedRecord): record is Extract<FeedRecord, { kind: K }> => record.kind === kind;
    for await (const { record } of this.#source.read(topic)) if (isOfKind(record)) take(record);
  }

  async #walk(topic: 'trades' | 'agg-trades'): Promise<void> {
    /** The current series of each venue and symbol. */
    const walks = new Map<string, { readonly epoch: number; readonly walk: TradeWalk }>();
    for await (const { partition, record } of this.#source.read(topic)) {
      if (!isTrade(record)) continue;
      const { venue, symbol, epoch } = record;
      const key = `${venue} ${symbol}`;
      let current = walks.get(key);
      if (current === undefined || current.epoch < epoch) {
        current?.walk.end();
        current = { epoch, walk: this.#newWalk(topic, record, partition) };
        walks.set(key, current);
      }
      if (epoch < current.epoch)
        this.#differ(
          record,
          topic,
          record.timestamp,
          `trade ${record.tradeId} comes after a trade of epoch ${current.epoch}`,
        );
      else current.walk.add(record);
    }
    for (const { walk } of walks.values()) walk.end();
  }

  #newWalk(topic: 'trades' | 'agg-trades', trade: AnyTrade, partition: number): TradeWalk {
    const { venue, symbol, epoch } = trade;
    const series = { venue, symbol, epoch };
    const key = nameOfSeries(series);
    const begin = getOrCreate(
      this.#begins,
      `${topic} ${partition}`,
      () => Math.ceil(trade.timestamp / MINUTE_MS) * MINUTE_MS,
    );
    const readTo = this.#stops.last ?? Number.POSITIVE_INFINITY;
    const scope: SeriesScope = {
      ...series,
      isContiguous: this.#options.isContiguous(venue),
      stops: this.#stops,
      readTo,
      healedTo: readTo - Math.max(MINUTE_MS, ...this.#windowSpans.keys()) - HEALS_MS,
      differ: (of, time, text) => {
        if (time >= begin) this.#differ(series, of, time, text);
      },
    };
    const isTrades = topic === 'trades';
    const gaps = new GapSpans();
    const ids = new GapCheck(scope, topic, this.#gaps.take(`${isTrades ? 'trade' : 'agg_trade'} ${key}`), gaps);
    // Only gaps of trades are healed.
    const late = this.#late.take(isTrades ? key : '');
    if (topic !== this.#counted) return new TradeWalk(scope, { topic, late, checks: [ids], onTrade: () => {} });
    const minutes = new MinuteCheck(scope, {
      audits: this.#audits.take(key),
      gaps,
      published: this.#auditSpan,
      onVerdict: (minute, verdict) => {
        if (minute >= begin) this.#report.addVerdict(venue, symbol, minute, verdict);
      },
    });
    const windows = Array.from(
      this.#windowSpans,
      ([windowMs, published]) =>
        new WindowCheck(scope, { windowMs, windows: this.#windows.take(`${windowMs} ${key}`), gaps, published }),
    );
    return new TradeWalk(scope, {
      topic,
      late,
      checks: [ids, minutes, ...windows],
      onTrade: ({ timestamp }, isLate) => {
        if (timestamp >= begin) this.#report.addTrade(venue, symbol, timestamp, isLate);
      },
    });
  }

  /** Reports the records of series without trades. */
  #reportRest(): void {
    const begin = Math.min(...this.#begins.values());
    const report = (of: AuditedSeries, topic: AuditedTopic, time: number): void => {
      if (time >= begin) this.#differ(of, topic, time, 'the epoch has no trades');
    };
    for (const gap of rest(this.#gaps)) report(gap, 'gaps', gap.fromTime);
    for (const window of rest(this.#windows)) report(window, 'trade-stats', window.windowStart);
    for (const audit of rest(this.#audits)) if (audit.trades > 0) report(audit, 'audits', audit.minute);
    for (const trade of rest(this.#late)) report(trade, 'late-trades', trade.timestamp);
  }

  async #checkBooks(): Promise<void> {
    const chains = new BookChainCheck((delta, text) =>
      this.#differ(delta, 'book-deltas', delta.timestamp ?? delta.receivedAt / 1000, text),
    );
    await this.#each('book-deltas', 'book_delta', (delta) => chains.add(delta));
  }

  #differ({ venue, symbol, epoch }: AuditedSeries, topic: AuditedTopic, time: number, text: string): void {
    this.#report.differ({ topic: this.#source.prefix + topic, venue, symbol, epoch, text }, time);
  }
}

/** Yields the records that were not taken. */
function* rest<R extends FeedRecord>(store: RecordStore<R>): Generator<R> {
  for (const key of store.keys) {
    const records = store.take(key);
    for (let next = records.next(); next !== undefined; next = records.next()) yield next.record;
  }
}
