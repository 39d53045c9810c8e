import { COUNT, FUNCTION, objectWith, required, requireOptions } from '../check-option.ts';
import { type ContiguousAccess, checkpointOf, gapBetween, HeldValues } from './held-values.ts';
import { type Checkpoint, type IdSequence, NO_LINE, type PossibleGap, type Sequenced } from './id-sequence.ts';

const RULES = {
  access: required(
    objectWith('an object with first, last and timestamp', {
      first: required(FUNCTION),
      last: required(FUNCTION),
      timestamp: required(FUNCTION),
    }),
  ),
  maxHeld: required(COUNT),
};
const NOTHING = -1;
const NONE: readonly never[] = [];

/**
 * Orders the values of one key whose ids step by exactly one, from any number of lines.
 *
 * A value with the next id is passed on. A value with an id that was passed on before is a duplicate. A jump of the ids
 * is a gap. The values after a gap wait. The gap ends when another line delivers the missing values (then there was no
 * gap), fetched values fill it, or the caller gives it up. A gap lies between two values that came by a line. A gap
 * that was announced, filled with fetched values or given up is returned before the value that ends it. If an id does
 * not rise although its timestamp is later than any before, the ids have restarted. Values from before a restart are
 * dropped.
 */
export class ContiguousSequence<T> implements IdSequence<T> {
  readonly #access: ContiguousAccess<T>;
  readonly #maxHeld: number;
  readonly #held: HeldValues<T>;
  #lastId = NOTHING;
  /** Timestamp of the last passed value. */
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  /** Latest timestamp of all passed values. */
  #latest = Number.NEGATIVE_INFINITY;
  /** When the ids restarted, by the venue's clock, milliseconds. */
  #resetAt = Number.NEGATIVE_INFINITY;
  /** The last id of the previous run. */
  #resumedId = NOTHING;
  /** The first gap, if some of the values inside it were already passed on. */
  #partly: { readonly before: Checkpoint; filled: number } | undefined;
  /** Subscribed lines. */
  readonly #lines = new Set<number>();
  /** The last value before all subscribed lines were lost: values after it may be missing. */
  #unwatched: PossibleGap | undefined;
  duplicates = 0;

  /** @throws TypeError that names an argument that cannot be used. */
  constructor(access: ContiguousAccess<T>, maxHeld: number) {
    requireOptions('ContiguousSequence', { access, maxHeld }, RULES);
    this.#access = access;
    this.#maxHeld = maxHeld;
    this.#held = new HeldValues(access);
  }

  get heldSince(): number | undefined {
    return this.#held.isEmpty ? undefined : this.#held.since;
  }

  get unannouncedSince(): number | undefined {
    return this.#held.unannouncedSince === Number.POSITIVE_INFINITY ? undefined : this.#held.unannouncedSince;
  }

  get waiting(): T | undefined {
    return this.#held.first;
  }

  get gaps(): readonly { readonly before: Checkpoint; readonly after: T }[] {
    return this.#held.gapsAfter(this.#checkpoint());
  }

  get possibleGap(): PossibleGap | undefined {
    if (!this.#held.isEmpty) return { before: this.#checkpoint(), since: this.#held.since };
    return this.#isUnwatched ? this.#unwatched : undefined;
  }

  /** False after all lines were lost: no line will deliver the values from the time without a subscribed line. */
  get isFilledByLines(): boolean {
    return !this.#isUnwatched;
  }

  get #isUnwatched(): boolean {
    const before = this.#unwatched?.before;
    // The timestamp counts too, because after a restart of the ids, another value may have this id.
    return before?.id === String(this.#lastId) && before.timestamp === this.#lastTimestamp;
  }

  get isResumed(): boolean {
    return this.#resumedId !== NOTHING && this.#lastId === this.#resumedId;
  }

  resume(checkpoint: Checkpoint): void {
    this.#lastId = Number(checkpoint.id);
    this.#resumedId = this.#lastId;
    this.#lastTimestamp = checkpoint.timestamp;
    this.#latest = checkpoint.timestamp;
  }

  forget(): Sequenced<T>[] {
    if (!this.isResumed) return [];
    this.#lastId = NOTHING;
    this.#latest = Number.NEGATIVE_INFINITY;
    const begin = this.#held.startAtFirst();
    if (begin === undefined) return [];
    this.#lastId = this.#access.first(begin) - 1;
    return this.#passHeld();
  }

  joined(): void {}

  subscribed(line: number, now: number): Sequenced<T>[] {
    this.#lines.add(line);
    // From now on, this line's values may wait for values from the time in which no line was subscribed.
    if (this.#unwatched !== undefined) this.#unwatched = { ...this.#unwatched, since: now };
    return [];
  }

  lost(line: number): Sequenced<T>[] {
    const newest = this.#held.last;
    if (!this.#lines.delete(line) || this.#lines.size > 0) return [];
    if (newest !== undefined) this.#unwatched = { before: checkpointOf(this.#access, newest), since: NO_LINE };
    else if (this.#lastId !== NOTHING) this.#unwatched = { before: this.#checkpoint(), since: NO_LINE };
    return [];
  }

  unsubscribed(line: number): Sequenced<T>[] {
    return this.lost(line);
  }

  replaced(from: number, to: number): Sequenced<T>[] {
    if (this.#lines.delete(from)) this.#lines.add(to);
    return [];
  }

  next(_line: number, value: T): boolean {
    if (!this.#held.isEmpty || this.#access.first(value) !== this.#lastId + 1 || this.#lastId === NOTHING) return false;
    if (this.#partly !== undefined || this.#access.timestamp(value) < this.#resetAt) return false;
    this.#advance(value);
    return true;
  }

  accept(_line: number, value: T, now: number): readonly Sequenced<T>[] {
    const first = this.#access.first(value);
    const timestamp = this.#access.timestamp(value);
    if (this.#lastId === NOTHING || (first === this.#lastId + 1 && timestamp >= this.#resetAt))
      return [...this.#pass(value, false, false), ...this.#passHeld()];
    if (first > this.#lastId ? timestamp < this.#resetAt : timestamp <= this.#latest) {
      this.duplicates++;
      return NONE;
    }
    if (first <= this.#lastId) return this.#reset(value);
    if (!this.#held.add(value, now)) this.duplicates++;
    return this.#held.count > this.#maxHeld ? this.release() : NONE;
  }

  /** From now on, values inside an announced gap count as filled, whether fetched or from a line. */
  announce(openedBy: number): Sequenced<T>[] {
    const start = this.#partly?.before ?? this.#checkpoint();
    return this.#held.announce(openedBy, start).map((gap) => ({ kind: 'pending', gap }));
  }

  fill(values: readonly (T | undefined)[]): Sequenced<T>[] {
    const readable = values.filter((value) => value !== undefined);
    this.#held.addFetched(readable, this.#lastId);
    return this.#passHeld();
  }

  release(openedBy = Number.POSITIVE_INFINITY): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    while (this.#held.since <= openedBy) {
      const taken = this.#held.removeGap();
      if (taken === undefined) break;
      const { inside, after } = taken;
      const { before, filled } = this.#partly ?? { before: this.#checkpoint(), filled: 0 };
      const more = inside.reduce((sum, value) => sum + this.#ids(value), 0);
      out.push({ kind: 'gap', gap: gapBetween(this.#access, before, after, filled + more) });
      this.#partly = undefined;
      for (const value of [...inside, after]) {
        this.#advance(value);
        out.push({ kind: 'value', value });
      }
      out.push(...this.#passHeld());
    }
    return out;
  }

  #reset(value: T): Sequenced<T>[] {
    const out = this.release();
    out.push({ kind: 'reset', before: this.#checkpoint(), value }, { kind: 'value', value });
    this.#partly = undefined;
    this.#resetAt = this.#access.timestamp(value);
    this.#advance(value);
    return out;
  }

  #pass(value: T, fetched: boolean, endsAnnounced: boolean): Sequenced<T>[] {
    const passed: Sequenced<T>[] = [{ kind: 'value', value }];
    if (!endsAnnounced && (fetched || this.#access.first(value) > this.#held.idBeforeAnnounced)) {
      this.#partly ??= { before: this.#checkpoint(), filled: 0 };
      this.#partly.filled += this.#ids(value);
    } else if (this.#partly !== undefined) {
      const { before, filled } = this.#partly;
      passed.unshift({ kind: 'gap', gap: gapBetween(this.#access, before, value, filled) });
      this.#partly = undefined;
    }
    this.#advance(value);
    return passed;
  }

  /** Passes on the held values before which no id is missing any more. */
  #passHeld(): Sequenced<T>[] {
    if (this.#held.isEmpty) return [];
    const out: Sequenced<T>[] = [];
    for (let held = this.#held.removeNext(this.#lastId); held !== undefined; held = this.#held.removeNext(this.#lastId))
      if (this.#access.first(held.value) > this.#lastId)
        out.push(...this.#pass(held.value, held.fetched, held.announced));
    this.#held.settle();
    return out;
  }

  #ids(value: T): number {
    return this.#access.last(value) - this.#access.first(value) + 1;
  }

  #checkpoint(): Checkpoint {
    return { id: String(this.#lastId), timestamp: this.#lastTimestamp };
  }

  #advance(value: T): void {
    this.#lastId = this.#access.last(value);
    const timestamp = this.#access.timestamp(value);
    this.#lastTimestamp = timestamp;
    if (timestamp > this.#latest) this.#latest = timestamp;
  }
}
