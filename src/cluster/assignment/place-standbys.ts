/** The shards of each member, by member id. */
export type ShardsByMember = ReadonlyMap<string, readonly number[]>;

/**
 * Chooses a standby for each shard: a member that does not own it. The shards of one owner go to as many members as
 * possible, so that these share its work if it dies. A member that already is the standby of a shard stays it, unless
 * it would get more than its part of the owner's shards. Without a second member, no shard has a standby.
 */
export function placeStandbys(owned: ShardsByMember, current: ShardsByMember): ShardsByMember {
  const members = [...owned.keys()].sort();
  const placed = new Map(members.map((id): [string, number[]] => [id, []]));
  if (members.length < 2) return placed;
  for (const owner of members) {
    const shards = owned.get(owner) ?? [];
    const others = members.filter((id) => id !== owner);
    const most = Math.ceil(shards.length / others.length);
    /** Number of this owner's shards, by standby. */
    const counts = new Map(others.map((id) => [id, 0]));
    const countOf = (id: string) => counts.get(id) ?? 0;
    const place = (shard: number, id: string): void => {
      placed.get(id)?.push(shard);
      counts.set(id, countOf(id) + 1);
    };
    const isLess = (a: string, b: string): boolean =>
      (countOf(a) - countOf(b) || (placed.get(a)?.length ?? 0) - (placed.get(b)?.length ?? 0)) < 0;
    const rest = shards.filter((shard) => {
      const warm = others.find((id) => current.get(id)?.includes(shard) === true && countOf(id) < most);
      if (warm !== undefined) place(shard, warm);
      return warm === undefined;
    });
    for (const shard of rest)
      place(
        shard,
        others.reduce((a, b) => (isLess(b, a) ? b : a)),
      );
  }
  return placed;
}
