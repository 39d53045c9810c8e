import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { canonicalDecimal } from '../../src/domain/decimal.ts';
import type { BookLevel } from '../../src/domain/record.ts';
import { seededRandom } from '../../src/simulator/market/random.ts';

export interface Change {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** A whole book and the changes that follow it. */
export interface DiffStream {
  readonly name: string;
  readonly start: Change;
  readonly changes: readonly Change[];
}

type WireLevels = readonly (readonly [string, string])[];

const SUFFIX = '.depth.ndjson.gz';

/**
 * Reads a recorded Binance diff stream, NAME.depth.ndjson.gz. It starts from the book in NAME.rest-depth.json.gz in the
 * same folder.
 */
export function recordedStream(file: string): DiffStream {
  if (!file.endsWith(SUFFIX)) throw new Error(`${file} is no recording: its name does not end in ${SUFFIX}`);
  const name = basename(file, SUFFIX);
  const rest = JSON.parse(inflated(file.replace(SUFFIX, '.rest-depth.json.gz'))) as {
    lastUpdateId: number;
    bids: WireLevels;
    asks: WireLevels;
  };
  const updates = inflated(file)
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { data: { u: number; b: WireLevels; a: WireLevels } }).data)
    .filter(({ u }) => u > rest.lastUpdateId);
  return {
    name,
    start: { bids: levelsOf(rest.bids), asks: levelsOf(rest.asks) },
    changes: updates.map(({ b, a }) => ({ bids: levelsOf(b), asks: levelsOf(a) })),
  };
}

function inflated(file: string): string {
  return gunzipSync(readFileSync(file)).toString();
}

function levelsOf(rows: WireLevels): BookLevel[] {
  return rows.map(([price, quantity]) => ({ price: canonical(price), quantity: canonical(quantity) }));
}

function canonical(text: string): string {
  const decimal = canonicalDecimal(text);
  if (decimal === undefined) throw new Error(`${text} is no decimal`);
  return decimal;
}

/** First price of the generated market, in steps of 0.01: 61,837.63. */
const START_TICK = 6_183_763;
/**
 * Mean distance of a changed level from the best price, in price steps. For a share FAR_SHARE of the levels, it is
 * random.
 */
const NEAR_TICKS = 40;
const FAR_SHARE = 0.1;
const REMOVED_SHARE = 0.45;
/** Largest move of the best price at each change, in price steps. */
const MOVE_TICKS = 3;

/**
 * Generates a market from a seed, with `depth` levels a side. Each change has `size` levels, most of them near the best
 * price.
 */
export function generatedStream(options: { seed: number; depth: number; size: number; changes: number }): DiffStream {
  const { seed, depth, size, changes } = options;
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const bids = new Set<number>();
  const asks = new Set<number>();
  let top = START_TICK;
  const level = (tick: number, quantity: number): BookLevel => ({
    price: canonical((tick / 100).toFixed(2)),
    quantity: canonical((quantity / 1e5).toFixed(5)),
  });
  for (let distance = 0; distance < depth; distance++) {
    bids.add(top - 2 * distance);
    asks.add(top + 1 + 2 * distance);
  }
  const start = {
    bids: [...bids].map((tick) => level(tick, 1 + below(1e6))),
    asks: [...asks].map((tick) => level(tick, 1 + below(1e6))),
  };
  /** Removes the levels that the best price has moved past, then changes random levels. */
  function changed(side: Set<number>, direction: 1 | -1, best: number, number: number): BookLevel[] {
    const levels: BookLevel[] = [];
    for (let tick = best - direction * 2 * MOVE_TICKS; tick !== best; tick += direction)
      if (side.delete(tick)) levels.push(level(tick, 0));
    while (levels.length < number) {
      const reach = random() < FAR_SHARE ? 2 * depth : -Math.log(1 - random()) * NEAR_TICKS;
      const tick = best + direction * below(reach + 1);
      const removed = side.has(tick) && random() < REMOVED_SHARE;
      if (removed) side.delete(tick);
      else side.add(tick);
      levels.push(level(tick, removed ? 0 : 1 + below(1e6)));
    }
    return levels;
  }
  return {
    name: `generated, ${depth} levels a side`,
    start,
    changes: Array.from({ length: changes }, () => {
      top += below(2 * MOVE_TICKS + 1) - MOVE_TICKS;
      const half = Math.floor(size / 2);
      return { bids: changed(bids, -1, top, half), asks: changed(asks, 1, top + 1, size - half) };
    }),
  };
}
