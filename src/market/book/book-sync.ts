import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';
import { HeldUpdates, leavesGap } from './held-updates.ts';
import { KnownDepth } from './known-depth.ts';
import { OrderBook } from './order-book.ts';

/** What an update, or its absence, did to a book. */
export type BookStep =
  /** A whole book has replaced the book, which now equals the venue's book. */
  | {
      readonly kind: 'replaced';
      readonly receivedAt: number;
      readonly timestamp: number | null;
      readonly updateId: string;
    }
  /** An update was applied to the book, which had the id `previousUpdateId` before. */
  | { readonly kind: 'changed'; readonly update: BookUpdate; readonly previousUpdateId: string }
  /** The book may differ from the venue's. `receivedAt` is set if a frame showed this: when it was received, in µs. */
  | { readonly kind: 'stale'; readonly reason: string; readonly receivedAt?: number };

export interface BookSyncOptions {
  /** `fetched`: whole books come by REST on request. `sent`: the venue sends a whole book after each subscription. */
  readonly mode: 'fetched' | 'sent';
}

/** Update id of a fetched book whose market has not had an order yet. */
const NOT_BEGUN = '0';
/** If an update has a lower id than the book and is later by more than this (ms), the venue has restarted its ids. */
const NEW_COUNT_AFTER_MS = 5000;

/**
 * Keeps one symbol's order book equal to the venue's book, from the updates of all lines. Pure: no clock and no I/O.
 */
export class BookSync {
  /**
   * Equals the venue's book in state `in_step`. After a gap it keeps its last correct levels. It is cleared if bid and
   * ask have crossed, or if its best price is no longer known.
   */
  readonly book = new OrderBook();
  state: 'empty' | 'in_step' | 'stale' = 'empty';
  /** The last applied update: id, venue's time (ms), time of receipt (µs), sequence number of the matching engine. */
  updateId: string | undefined;
  timestamp: number | null = null;
  receivedAt = 0;
  sequence: string | null = null;
  /** What the caller must request: a whole book by REST, a new subscription, or nothing. */
  wants: 'snapshot' | 'subscription' | undefined;
  /** True if deeper levels are requested, because the price has moved past too many of the fetched levels. */
  isShort = false;
  /** When the wait began for updates that another line may still deliver: caller's clock, ms; undefined: no wait. */
  waitingSince: number | undefined;
  /** Counts: applied updates, updates that brought nothing new, gaps that no line filled. */
  applied = 0;
  ignored = 0;
  gaps = 0;

  readonly #mode: BookSyncOptions['mode'];
  /** The last update id of each line; '' before its first update. */
  readonly #lines = new Map<number, string>();
  readonly #held = new HeldUpdates();
  /** The id of the whole book that the current book began with. */
  #base = '';
  readonly depth = new KnownDepth(this.book);
  /**
   * Last id of the update that showed that the book is stale. A fetched book with a lower id is rejected, but only
   * once: the venue may have restarted its ids.
   */
  #shownBy: string | undefined;

  constructor({ mode }: BookSyncOptions) {
    this.#mode = mode;
  }

  /** Notes a connected line; it starts without an id. */
  joined(line: number): void {
    this.#lines.set(line, '');
  }

  /** Notes a lost line. The book becomes stale if no other line carries it. */
  lost(line: number, now: number): BookStep[] {
    this.#lines.delete(line);
    if (![...this.#lines.values()].some((last) => last !== '')) {
      const step = this.fail('no line is left');
      this.wants = undefined;
      return step;
    }
    return this.#waited(now);
  }

  /** Notes that line `to` replaces `from`, and carries the book if `from` did, even before its own first update. */
  cutOver(from: number, to: number, now: number): BookStep[] {
    const carried = (this.#lines.get(from) ?? '') !== '';
    if (carried && (this.#lines.get(to) ?? '') === '') this.#lines.set(to, '0');
    return this.lost(from, now);
  }

  /** Notes a subscribed line. A `fetched` book that is not in step is requested: its next update may take long. */
  subscribed(): void {
    if (this.#mode === 'fetched' && this.state !== 'in_step') this.wants = 'snapshot';
  }

  /** Processes an update of a line. If the line's last update had a higher id, the venue has restarted its ids. */
  update(line: number, update: BookUpdate, now: number): BookStep[] {
    const last = this.#lines.get(line) ?? '';
    const id = update.lastUpdateId;
    this.#lines.set(line, id);
    if (update.snapshot) return this.#sent(line, last, update, now);
    if (compareIds(id, last) < 0) this.#release();
    if (this.state !== 'in_step' || this.updateId === undefined) return this.#hold(update);
    if (compareIds(id, this.updateId) <= 0) return this.#repeated(update);
    if (leavesGap(this.updateId, update)) return [...this.#hold(update), ...this.#waited(now)];
    const steps: BookStep[] = [];
    if (!this.#apply(update, this.updateId, steps)) return this.#discard(update);
    return this.#held.first === undefined ? steps : this.#catchUp(steps, now);
  }

  /**
   * Processes a fetched book. It must reach the id before the first held update; otherwise the book is requested again.
   * For a book in step, it brings deeper levels, and the updates since the request are applied on top. Id 0 means that
   * the market has had no order. The book is then in step, but requested again until an update or another id comes: the
   * venue may not have loaded it yet.
   */
  snapshot(update: BookUpdate, now: number): BookStep[] {
    if (this.wants !== 'snapshot') return [];
    const id = update.lastUpdateId;
    const { wantedFrom } = this.depth;
    if (id === NOT_BEGUN && this.updateId === NOT_BEGUN && this.state === 'in_step') return [];
    if (wantedFrom !== undefined) return compareIds(id, wantedFrom) < 0 ? [] : this.#replace(update, now);
    const shownBy = this.#shownBy ?? '';
    this.#shownBy = undefined;
    return this.#held.isMissedBy(id) || compareIds(id, shownBy) < 0 ? [] : this.#replace(update, now);
  }

  /** Ends the wait for another line. The missing updates then count as a gap. */
  giveUp(): BookStep[] {
    return this.waitingSince === undefined ? [] : this.#gap();
  }

  /**
   * Replaces the book with a whole book of a line, unless the book is in step and not older, because the line lags. The
   * venue has restarted its ids if the line itself had a higher id, or if the id is 1. An id of 1 is no restart if the
   * book began with 1 and the line had no id before.
   */
  #sent(line: number, last: string, update: BookUpdate, now: number): BookStep[] {
    const id = update.lastUpdateId;
    const anew = id === '1' ? this.#base !== '1' || last !== '' : compareIds(id, last) < 0;
    if (this.state === 'in_step' && this.updateId !== undefined && compareIds(id, this.updateId) <= 0) {
      if (!anew && !this.#countsAnew(update)) {
        this.ignored++;
        return [];
      }
      this.#release();
    }
    if (anew) {
      this.#release();
      for (const other of this.#lines.keys()) if (other !== line) this.#lines.set(other, '');
    }
    this.applied++;
    return this.#replace(update, now);
  }

  /** Replaces the book, then applies the updates since the request and the held updates. */
  #replace(update: BookUpdate, now: number): BookStep[] {
    this.isShort = false;
    if (!this.depth.replace(update)) this.#setPosition(update);
    if (this.book.crossed || !this.depth.knows(1)) return this.#discard(update);
    const fresh = this.state !== 'in_step';
    this.#base = update.lastUpdateId;
    this.state = 'in_step';
    this.wants = this.#mode === 'fetched' && this.#base === NOT_BEGUN ? 'snapshot' : undefined;
    const stale = this.#catchUp([], now).find(({ kind }) => kind === 'stale');
    if (stale !== undefined) return fresh ? [] : [stale];
    const { receivedAt, timestamp, updateId = '' } = this;
    return [{ kind: 'replaced', receivedAt, timestamp, updateId }];
  }

  /** Ignores an old update. If it is much later than the book, the venue has restarted its ids (testnets: monthly). */
  #repeated(update: BookUpdate): BookStep[] {
    if (this.#countsAnew(update)) return this.fail('the venue restarted its update ids', update);
    this.ignored++;
    return [];
  }

  #countsAnew(update: BookUpdate): boolean {
    const { updateId, timestamp, receivedAt } = this;
    if (updateId === undefined || compareIds(update.lastUpdateId, updateId) >= 0) return false;
    return update.timestamp !== null && timestamp !== null
      ? update.timestamp - timestamp > NEW_COUNT_AFTER_MS
      : update.receivedAt - receivedAt > NEW_COUNT_AFTER_MS * 1000;
  }

  /** Holds an update until the book reaches it. If too many are held, a book in step has a gap. */
  #hold(update: BookUpdate): BookStep[] {
    if (!this.#held.add(update)) this.ignored++;
    if (this.#held.tooMany) {
      if (this.state === 'in_step') return this.#gap();
      // A whole book will replace the dropped update.
      this.#held.dropFirst();
    }
    if (this.state !== 'in_step') this.wants = this.#wanted;
    return [];
  }

  /** Applies the held updates that follow the book without a gap. */
  #catchUp(steps: BookStep[], now: number): BookStep[] {
    while (true) {
      const id = this.updateId;
      const next = id === undefined ? undefined : this.#held.removeNext(id);
      if (id === undefined || next === undefined) break;
      if (compareIds(next.lastUpdateId, id) <= 0) this.ignored++;
      else if (!this.#apply(next, id, steps)) return this.#discard(next);
    }
    this.waitingSince = undefined;
    steps.push(...this.#waited(now));
    return steps;
  }

  /** Waits for the missing updates while a line is behind the book. If no line is behind, they are a gap at once. */
  #waited(now: number): BookStep[] {
    const { updateId } = this;
    if (this.state !== 'in_step' || updateId === undefined || this.#held.first === undefined) return [];
    this.waitingSince ??= now;
    for (const last of this.#lines.values()) if (last !== '' && compareIds(last, updateId) <= 0) return [];
    return this.#gap();
  }

  /** Applies an update. It may repeat changes, as quantities are absolute. Returns false if the book is now wrong. */
  #apply(update: BookUpdate, previousUpdateId: string, steps: BookStep[]): boolean {
    this.book.apply(update.bids, update.asks);
    if (previousUpdateId === NOT_BEGUN) this.wants = undefined;
    this.applied++;
    this.#setPosition(update);
    steps.push({ kind: 'changed', update, previousUpdateId });
    if (this.depth.applied(update, previousUpdateId)) {
      this.wants = this.#wanted;
      this.isShort = true;
    }
    return !this.book.crossed && (this.depth.wantedFrom === undefined || this.depth.knows(1));
  }

  #setPosition({ lastUpdateId, timestamp, receivedAt, sequence }: BookUpdate): void {
    this.updateId = lastUpdateId;
    this.timestamp = timestamp;
    this.receivedAt = receivedAt;
    this.sequence = sequence;
  }

  /** Clears a book that is crossed or whose best prices are unknown. The steps that led to it are not returned. */
  #discard(update: BookUpdate): BookStep[] {
    const { crossed } = this.book;
    this.book.clear();
    const reason = crossed ? 'best bid and ask have met' : 'the best price is beyond the fetched levels';
    return this.fail(reason, update, !crossed);
  }

  #gap(): BookStep[] {
    this.gaps++;
    const { first } = this.#held;
    return this.fail(`updates are missing: after ${this.updateId} comes ${first?.firstUpdateId}`, first);
  }

  /** Marks the book as stale and asks for a new one. Drops all held updates, because the new book will be newer. */
  fail(reason: string, by?: BookUpdate, isShort = false): BookStep[] {
    this.wants = this.#wanted;
    this.isShort = isShort;
    this.depth.forget();
    this.#shownBy = by?.lastUpdateId;
    this.#release();
    if (this.state !== 'in_step') return [];
    this.state = 'stale';
    return [by === undefined ? { kind: 'stale', reason } : { kind: 'stale', reason, receivedAt: by.receivedAt }];
  }

  get #wanted(): 'snapshot' | 'subscription' {
    return this.#mode === 'fetched' ? 'snapshot' : 'subscription';
  }

  #release(): void {
    this.#held.clear();
    this.waitingSince = undefined;
  }
}
