/** A member of the group, and the shards that it runs now. */
export interface ShardHolder {
  readonly id: string;
  readonly holds: ReadonlySet<number>;
  /** The shards for which it is the standby. */
  readonly standsBy?: ReadonlySet<number>;
}

/** The expected load of each shard. */
export interface ShardWeights {
  /** Number of coins of a shard. It estimates the load of a shard without a measured rate. */
  readonly sizeOf: (shard: number) => number;
  /** Measured trades a second of a shard. */
  readonly rates: ReadonlyMap<number, number>;
}

/** A move costs a cutover, so it must reduce the difference of two loads by more than this part of the mean load. */
const LEAST_STEP = 0.05;

/**
 * Assigns each shard to one member. A member keeps its shards unless moving or exchanging one evens the loads. A shard
 * without an owner goes to its standby, even if that makes the loads less even: only the standby has the data since the
 * owner's last records. Without a standby it goes to the member with the least load, the heaviest shard first.
 */
export function shareShards(
  members: readonly ShardHolder[],
  shards: readonly number[],
  known: ShardWeights,
): ReadonlyMap<string, readonly number[]> {
  const weights = weightsOf(shards, known);
  const weigh = (shard: number) => weights.get(shard) ?? 0;
  const orphans = new Set(shards);
  const loads = members
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, holds }): Load => ({ id, shards: new Set([...holds].filter((shard) => orphans.delete(shard))) }));
  const weightOf = (load: Load) => [...load.shards].reduce((sum, shard) => sum + weigh(shard), 0);
  const byWeight = (a: Load, b: Load) => weightOf(a) - weightOf(b) || a.shards.size - b.shards.size;
  const standsBy = new Map(members.flatMap(({ id, standsBy = [] }) => [...standsBy].map((shard) => [shard, id])));
  /** The shards that their standbys take over now. */
  const fixed = new Set<number>();
  for (const shard of [...orphans].sort((a, b) => weigh(b) - weigh(a) || a - b)) {
    const standby = loads.find(({ id }) => id === standsBy.get(shard));
    if (standby !== undefined) fixed.add(shard);
    (standby ?? loads.reduce((a, b) => (byWeight(b, a) < 0 ? b : a))).shards.add(shard);
  }
  const mean = loads.reduce((sum, load) => sum + weightOf(load), 0) / loads.length;
  // Each step makes the difference of two loads smaller by at least a part of the mean, so the loop ends.
  while (evenOut(loads, fixed, weigh, weightOf, mean * LEAST_STEP));
  return new Map(loads.map(({ id, shards: own }) => [id, [...own].sort((a, b) => a - b)]));
}

interface Load {
  readonly id: string;
  readonly shards: Set<number>;
}

/** A coin's weight: a whole number, so that sums do not depend on their order. */
const COIN = 1000;

function weightsOf(shards: readonly number[], { sizeOf, rates }: ShardWeights): ReadonlyMap<number, number> {
  const coins = [...rates.keys()].reduce((sum, shard) => sum + sizeOf(shard), 0);
  const all = [...rates.values()].reduce((sum, rate) => sum + rate, 0);
  const perCoin = coins === 0 || all === 0 ? 1 : all / coins;
  return new Map(
    shards.map((shard) => {
      const rate = rates.get(shard) || sizeOf(shard) * perCoin;
      // At least 1, so that shards without coins are shared evenly, too.
      return [shard, Math.max(1, Math.round((COIN * rate) / perCoin))];
    }),
  );
}

/**
 * Moves a shard to a member with less load, or exchanges two shards. The shards in `fixed` stay where they are. Returns false
 * if each move costs more than it gains.
 */
function evenOut(
  loads: readonly Load[],
  fixed: ReadonlySet<number>,
  weigh: (shard: number) => number,
  weightOf: (load: Load) => number,
  leastStep: number,
): boolean {
  const pairs = loads
    .flatMap((heavy) => loads.map((light) => ({ heavy, light, apart: weightOf(heavy) - weightOf(light) })))
    .filter(({ apart }) => apart > leastStep)
    .sort((a, b) => b.apart - a.apart);
  for (const { heavy, light, apart } of pairs) {
    const backs = [undefined, ...light.shards.difference(fixed)];
    const steps = [...heavy.shards.difference(fixed)].flatMap((give) => backs.map((back) => ({ give, back })));
    let best: (typeof steps)[number] | undefined;
    let least = apart - leastStep;
    for (const step of steps) {
      const left = Math.abs(apart - 2 * (weigh(step.give) - (step.back === undefined ? 0 : weigh(step.back))));
      if (left >= least) continue;
      least = left;
      best = step;
    }
    if (best === undefined) continue;
    heavy.shards.delete(best.give);
    light.shards.add(best.give);
    if (best.back === undefined) return true;
    light.shards.delete(best.back);
    heavy.shards.add(best.back);
    return true;
  }
  return false;
}
