import { beforeEach, expect, it } from 'vitest';
import { type BlockStore, WarmUpBuffer } from '../../../src/feed/connection/warm-up-buffer.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

/** Keeps at most `most` values. */
class SmallStore implements BlockStore<number> {
  readonly blocks = new Map<number, readonly number[]>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  put(block: number, values: readonly number[]): void {
    if ([...this.blocks.values()].flat().length + values.length > this.#most) throw new Error('full');
    this.blocks.set(block, [...values]);
  }

  take(block: number): readonly number[] {
    const values = this.blocks.get(block);
    if (values === undefined) throw new Error(`block ${block} is missing`);
    this.blocks.delete(block);
    return values;
  }

  remove(block: number): void {
    this.blocks.delete(block);
  }

  close(): void {
    this.blocks.clear();
  }
}

let scheduler: SteppedScheduler;
beforeEach(() => {
  scheduler = new SteppedScheduler();
});

/** Memory for ten positive values, in blocks of one. Other values are always kept. */
const create = (store?: BlockStore<number>) =>
  new WarmUpBuffer<number>({ most: 10, mayGo: (value) => value > 0, store, scheduler });

function passed(buffer: WarmUpBuffer<number>, onValue: (value: number) => void = () => {}): number[] {
  const got: number[] = [];
  let isDone = false;
  buffer.empty(
    (value) => {
      got.push(value);
      onValue(value);
    },
    () => (isDone = true),
  );
  scheduler.advance(1);
  expect(isDone).toBe(true);
  return got;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

it('WarmUpBuffer passes on its values in order, then those that arrive while it is emptied', () => {
  const buffer = create();
  buffer.push(1);
  buffer.push(2);
  expect(
    passed(buffer, (value) => {
      if (value === 1) for (const more of [3, 4]) buffer.push(more);
    }),
  ).toEqual([1, 2, 3, 4]);
});

it('WarmUpBuffer without a store drops the oldest values when it is full, except values that must be kept', () => {
  const buffer = create();
  for (const value of [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12]) buffer.push(value);
  expect(passed(buffer)).toEqual([0, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

it('WarmUpBuffer stores the oldest values when the memory is full, and passes on all in order', () => {
  const store = new SmallStore(100);
  const buffer = create(store);
  for (const value of [0, ...upTo(40), 0, ...upTo(50)]) buffer.push(value);
  expect([...store.blocks.values()].flat()).toHaveLength(80);
  expect(buffer.waiting).toBe(90);
  expect(passed(buffer)).toEqual([0, ...upTo(40), 0, ...upTo(50)]);
  expect([store.blocks.size, buffer.waiting]).toEqual([0, 0]);
});

it('WarmUpBuffer drops the oldest values when memory and store are full, so that no value is missing in between', () => {
  const buffer = create(new SmallStore(20));
  for (const value of upTo(100)) buffer.push(value);
  expect(buffer.waiting).toBe(30);
  expect(passed(buffer)).toEqual(upTo(100).slice(70));
});

it('WarmUpBuffer drops values that are too old, in memory and in the store, except values that must be kept', () => {
  const store = new SmallStore(100);
  let maxAgeMs: number | undefined = 20;
  const buffer = new WarmUpBuffer<number>({
    most: 10,
    mayGo: (value) => value > 0,
    store,
    maxAgeMs: () => maxAgeMs,
    scheduler,
  });
  for (const value of [0, ...upTo(40)]) {
    buffer.push(value);
    scheduler.advance(1);
  }
  expect([buffer.waiting, [...store.blocks.values()].flat()]).toEqual([21, upTo(30).slice(19)]);
  maxAgeMs = undefined;
  scheduler.advance(100);
  buffer.push(41);
  expect(passed(buffer)).toEqual([0, ...upTo(41).slice(19)]);
});

it('WarmUpBuffer shortens the values that must be kept, if no older value is kept', () => {
  const buffer = new WarmUpBuffer<number>({
    ...{ most: 10, mayGo: (value) => value > 0, maxAgeMs: () => 20, scheduler },
    compact: (values) => [Math.min(...values)],
  });
  for (const value of [-1, -2, 1, -3, 2, 0, -4, 3]) {
    buffer.push(value);
    scheduler.advance(10);
  }
  expect(passed(buffer)).toEqual([-4, 3]);
});

it('WarmUpBuffer drops nothing once the first values have been passed on', () => {
  const buffer = create(new SmallStore(20));
  for (const value of upTo(30)) buffer.push(value);
  const later = upTo(100).slice(30);
  expect(
    passed(buffer, (value) => {
      if (value === 1) for (const more of later) buffer.push(more);
    }),
  ).toEqual(upTo(100));
});

it('WarmUpBuffer passes a block of values in a task, and all remaining values at once if it must finish', () => {
  const buffer = new WarmUpBuffer<number>({ most: 100, mayGo: (value) => value > 0, store: undefined, scheduler });
  for (const value of [0, ...upTo(9), 0, ...upTo(30)]) buffer.push(value);
  const got: number[] = [];
  let ends = 0;
  buffer.empty(
    (value) => got.push(value),
    () => ends++,
  );
  expect(got).toEqual([0, ...upTo(9)]);
  buffer.finish();
  scheduler.advance(1);
  expect([got, ends]).toEqual([[0, ...upTo(9), 0, ...upTo(30)], 1]);
});

it('WarmUpBuffer removes the stored values when it is closed, and passes on no more', () => {
  const store = new SmallStore(100);
  const buffer = create(store);
  for (const value of upTo(40)) buffer.push(value);
  const got: number[] = [];
  buffer.empty(
    (value) => got.push(value),
    () => {},
  );
  buffer.close();
  scheduler.advance(1);
  expect([got, store.blocks.size]).toEqual([[1], 0]);
});
