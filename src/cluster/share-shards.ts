/** A member of the group, and the shards that it ingests now. */
export interface ShardHolder {
  readonly id: string;
  readonly holds: ReadonlySet<number>;
}

/** What a shard may bring. */
export interface ShardWeights {
  /** How many coins it has: the guess where nothing else is known. */
  readonly sizeOf: (shard: number) => number;
  /** Trades a second, of those that were measured. */
  readonly rates: ReadonlyMap<number, number>;
}

/** A step that makes two loads more even by less than this part of their mean is not worth its hand-over. */
const WORTH = 0.05;

/**
 * Gives each shard to exactly one member. A member keeps its shards, unless moving one or exchanging two makes the
 * loads more even. Shards that nobody holds go to the lightest member, the heaviest first.
 */
export function shareShards(
  members: readonly ShardHolder[],
  shards: readonly number[],
  known: ShardWeights,
): ReadonlyMap<string, readonly number[]> {
  const weights = weightsOf(shards, known);
  const weigh = (shard: number) => weights.get(shard) ?? 0;
  const loads = members
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, holds }): Load => ({ id, holds, shards: new Set(), weight: 0 }));
  const orphans = new Set(shards);
  for (const load of loads) for (const shard of load.holds) if (orphans.delete(shard)) put(load, shard, weigh(shard));
  for (const shard of [...orphans].sort((a, b) => weigh(b) - weigh(a) || a - b))
    put(lightest(loads), shard, weigh(shard));
  const mean = loads.reduce((sum, { weight }) => sum + weight, 0) / loads.length;
  // Each step makes two loads more even by a part of the mean: it ends.
  for (let step = bestStep(loads, weigh, mean * WORTH); step !== undefined; step = bestStep(loads, weigh, mean * WORTH))
    take(step, weigh);
  return new Map(loads.map(({ id, shards: own }) => [id, [...own].sort((a, b) => a - b)]));
}

interface Load extends ShardHolder {
  readonly shards: Set<number>;
  weight: number;
}

/** A coin's weight, a whole number so that sums do not depend on their order. */
const COIN = 1000;

function weightsOf(shards: readonly number[], { sizeOf, rates }: ShardWeights): ReadonlyMap<number, number> {
  const coins = [...rates.keys()].reduce((sum, shard) => sum + sizeOf(shard), 0);
  const all = [...rates.values()].reduce((sum, rate) => sum + rate, 0);
  const perCoin = coins === 0 || all === 0 ? 1 : all / coins;
  return new Map(
    shards.map((shard) => {
      const rate = rates.get(shard) || sizeOf(shard) * perCoin;
      // One that has no coins, or none yet, is somebody's, too.
      return [shard, Math.max(1, Math.round((COIN * rate) / perCoin))];
    }),
  );
}

function put(load: Load, shard: number, weight: number): void {
  load.shards.add(shard);
  load.weight += weight;
}

const lightest = (loads: readonly Load[]): Load => loads.reduce((a, b) => (isLighter(b, a) ? b : a));

function isLighter(a: Load, b: Load): boolean {
  return a.weight < b.weight || (a.weight === b.weight && a.shards.size < b.shards.size);
}

/** One shard goes from a heavier load to a lighter one, or two are exchanged. */
interface Step {
  readonly heavy: Load;
  readonly light: Load;
  readonly give: number;
  readonly back: number | undefined;
}

/** What makes two loads more even by more than `worth`: of the two that are furthest apart of all that it can be done for. */
function bestStep(loads: readonly Load[], weigh: (shard: number) => number, worth: number): Step | undefined {
  const pairs = loads
    .flatMap((heavy) => loads.map((light) => ({ heavy, light, apart: heavy.weight - light.weight })))
    .filter(({ apart }) => apart > worth)
    .sort((a, b) => b.apart - a.apart);
  for (const { heavy, light, apart } of pairs) {
    let best: Step | undefined;
    let least = apart - worth;
    for (const give of heavy.shards) {
      for (const back of [undefined, ...light.shards]) {
        const left = Math.abs(apart - 2 * (weigh(give) - (back === undefined ? 0 : weigh(back))));
        if (left >= least) continue;
        least = left;
        best = { heavy, light, give, back };
      }
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

function take({ heavy, light, give, back }: Step, weigh: (shard: number) => number): void {
  move(give, heavy, light, weigh(give));
  if (back !== undefined) move(back, light, heavy, weigh(back));
}

function move(shard: number, from: Load, to: Load, weight: number): void {
  from.shards.delete(shard);
  from.weight -= weight;
  put(to, shard, weight);
}
