import type { BookUpdate } from '../../domain/market-event.ts';
import { compareIds } from '../../domain/trade-id.ts';
import { HeldUpdates, leavesGap } from './held-updates.ts';
import { KnownDepth } from './known-depth.ts';
import { OrderBook } from './order-book.ts';

/** What an update, or the lack of one, did to a book. */
export type BookStep =
  /** The book is in step, and all of it is new. */
  | {
      readonly kind: 'replaced';
      readonly receivedAt: number;
      readonly timestamp: number | null;
      readonly updateId: string;
    }
  /** The update was applied to the book, which stood at `previousUpdateId`. */
  | { readonly kind: 'changed'; readonly update: BookUpdate; readonly previousUpdateId: string }
  /** The book is out of step, from `receivedAt` on where a frame showed it. */
  | { readonly kind: 'stale'; readonly reason: string; readonly receivedAt?: number };

export interface BookSyncOptions {
  /** `fetched`: whole books come by REST when asked for; `sent`: the venue sends one after each subscription, or nothing else. */
  readonly mode: 'fetched' | 'sent';
}

/** How much later than the book's last an update with a lower id must be before it is taken for a new count, milliseconds. */
const NEW_COUNT_AFTER_MS = 5000;

/**
 * Keeps the book of one symbol in step with its venue, from the updates of all lines that carry it.
 * Pure: `now` is the caller's time in whatever unit, given back as `waitingSince` only.
 */
export class BookSync {
  /** Right while the state is `in_step`; after a gap as it last was; empty after it came out crossed. */
  readonly book = new OrderBook();
  state: 'empty' | 'in_step' | 'stale' = 'empty';
  /** Of the last that was applied: its id, the venue's time of it (milliseconds), and ours (microseconds). */
  updateId: string | undefined;
  timestamp: number | null = null;
  receivedAt = 0;
  /** What the caller has to see to: a book by REST, or the topic subscribed again. */
  wants: 'snapshot' | 'subscription' | undefined;
  /** What is wanted is deeper levels: the price has moved too far for what was fetched. */
  isShort = false;
  /** Since when the book has come no nearer to updates that it cannot reach: another line may yet bring what lies between. */
  waitingSince: number | undefined;
  /** Updates applied, updates that brought nothing new, and gaps that no line filled. */
  applied = 0;
  ignored = 0;
  gaps = 0;

  readonly #mode: BookSyncOptions['mode'];
  /** The last id that each line has brought; '' for none. */
  readonly #lines = new Map<number, string>();
  readonly #held = new HeldUpdates();
  /** The id of the whole book that this one began with. */
  #base = '';
  readonly #depth = new KnownDepth(this.book);
  /** What showed that the book is out of step: a whole book that is older is refused, but once, for ids may have begun anew. */
  #shownBy: string | undefined;

  constructor({ mode }: BookSyncOptions) {
    this.#mode = mode;
  }

  /** A line is open: whatever it brought before, it begins anew. */
  joined(line: number): void {
    this.#lines.set(line, '');
  }

  /** A line is gone. It carried the book if it had brought anything of it; without a line that does the book is stale. */
  lost(line: number, now: number): BookStep[] {
    this.#lines.delete(line);
    if (![...this.#lines.values()].some((last) => last !== '')) {
      const step = this.#fail('no line is left');
      this.wants = undefined;
      return step;
    }
    return this.#waited(now);
  }

  /** Another line, subscribed before this one is let go, takes its place: nothing lies between them. */
  cutOver(from: number, to: number, now: number): BookStep[] {
    const carried = (this.#lines.get(from) ?? '') !== '';
    if (carried && (this.#lines.get(to) ?? '') === '') this.#lines.set(to, '0');
    return this.lost(from, now);
  }

  /** A line is subscribed: where whole books have to be asked for, one that is not in step is, though nothing may change for long. */
  subscribed(): void {
    if (this.#mode === 'fetched' && this.state !== 'in_step') this.wants = 'snapshot';
  }

  /** Takes an update of a line. A line brings its updates in order, so ids that fall belong to another count. */
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
    if (!this.#apply(update, this.updateId, steps)) return this.#wrong(update);
    return this.#held.first === undefined ? steps : this.#catchUp(steps, now);
  }

  /**
   * Takes the answer of the REST interface. It must reach the first update that is held: up to the id before it
   * (the venue's own text asks for one more, which on a quiet symbol may be long in coming). Else another is wanted. A
   * book that is in step takes one for its deeper levels, with what was applied since it was wanted on top.
   */
  snapshot(update: BookUpdate, now: number): BookStep[] {
    if (this.wants !== 'snapshot') return [];
    const id = update.lastUpdateId;
    const { wantedFrom } = this.#depth;
    if (wantedFrom !== undefined) return compareIds(id, wantedFrom) < 0 ? [] : this.#replace(update, now);
    const shownBy = this.#shownBy ?? '';
    this.#shownBy = undefined;
    return this.#held.outreach(id) || compareIds(id, shownBy) < 0 ? [] : this.#replace(update, now);
  }

  /** The caller has waited long enough for the other line: what is missing is a gap. */
  giveUp(): BookStep[] {
    return this.waitingSince === undefined ? [] : this.#gap();
  }

  /**
   * A whole book from a line replaces what is there. In step, one that is not above the book's id is the beginning of a
   * line that lags, and ignored, unless the venue counts anew: the line itself had brought more, or the id is 1, which
   * nothing comes before (but another line's 1, where the book began with 1 and this line brings it late).
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

  /** Puts a whole book in place, and on top of it what was applied since it was wanted, and what is held. */
  #replace(update: BookUpdate, now: number): BookStep[] {
    this.isShort = false;
    if (!this.#depth.replace(update)) this.#stand(update);
    if (this.book.crossed || !this.#depth.knows(1)) return this.#wrong(update);
    const fresh = this.state !== 'in_step';
    this.#base = update.lastUpdateId;
    this.state = 'in_step';
    this.wants = undefined;
    const stale = this.#catchUp([], now).find(({ kind }) => kind === 'stale');
    if (stale !== undefined) return fresh ? [] : [stale];
    const { receivedAt, timestamp, updateId = '' } = this;
    return [{ kind: 'replaced', receivedAt, timestamp, updateId }];
  }

  /**
   * An update that is not above the book's id brings nothing new; but if it is below and the venue's time of it far
   * later than the book's, the ids have begun anew (a testnet is reset every month), and nothing of the book is right.
   */
  #repeated(update: BookUpdate): BookStep[] {
    if (this.#countsAnew(update)) return this.#fail('the venue counts its updates anew', update);
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

  /** Keeps an update until the book reaches it; of too many the last ones: a whole book that is yet to come reaches those. */
  #hold(update: BookUpdate): BookStep[] {
    if (!this.#held.add(update)) this.ignored++;
    if (this.#held.tooMany) {
      if (this.state === 'in_step') return this.#gap();
      this.#held.dropFirst();
    }
    if (this.state !== 'in_step') this.wants = this.#wanted;
    return [];
  }

  /** Applies what the book has come to reach. */
  #catchUp(steps: BookStep[], now: number): BookStep[] {
    while (true) {
      const id = this.updateId;
      const next = id === undefined ? undefined : this.#held.take(id);
      if (id === undefined || next === undefined) break;
      if (compareIds(next.lastUpdateId, id) <= 0) this.ignored++;
      else if (!this.#apply(next, id, steps)) return this.#wrong(next);
    }
    this.waitingSince = undefined;
    steps.push(...this.#waited(now));
    return steps;
  }

  /** What is missing may come from a line that has not brought as much as the book has; without one it is a gap at once. */
  #waited(now: number): BookStep[] {
    const { updateId } = this;
    if (this.state !== 'in_step' || updateId === undefined || this.#held.first === undefined) return [];
    this.waitingSince ??= now;
    for (const last of this.#lines.values()) if (last !== '' && compareIds(last, updateId) <= 0) return [];
    return this.#gap();
  }

  /** Sets absolute quantities, so updates may overlap. False if the book cannot be right any more. */
  #apply(update: BookUpdate, previousUpdateId: string, steps: BookStep[]): boolean {
    this.book.apply(update.bids, update.asks);
    this.applied++;
    this.#stand(update);
    steps.push({ kind: 'changed', update, previousUpdateId });
    if (this.#depth.applied(update, previousUpdateId)) {
      this.wants = this.#wanted;
      this.isShort = true;
    }
    return !this.book.crossed && (this.#depth.wantedFrom === undefined || this.#depth.knows(1));
  }

  #stand({ lastUpdateId, timestamp, receivedAt }: BookUpdate): void {
    this.updateId = lastUpdateId;
    this.timestamp = timestamp;
    this.receivedAt = receivedAt;
  }

  /** Nobody is to see a crossed book, nor one whose best prices are not known, nor what led to it. */
  #wrong(update: BookUpdate): BookStep[] {
    const { crossed } = this.book;
    this.book.clear();
    const reason = crossed ? 'best bid and ask have met' : 'the best price lies behind what was fetched';
    return this.#fail(reason, update, !crossed);
  }

  #gap(): BookStep[] {
    this.gaps++;
    const { first } = this.#held;
    return this.#fail(`updates are missing: after ${this.updateId} comes ${first?.firstUpdateId}`, first);
  }

  /** All that is held is let go: the whole book that is asked for now comes after it. */
  #fail(reason: string, by?: BookUpdate, isShort = false): BookStep[] {
    this.wants = this.#wanted;
    this.isShort = isShort;
    this.#depth.forget();
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
