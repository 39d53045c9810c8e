import type { Config } from '../config/config.ts';
import { configOfShard } from './config-of-shard.ts';
import { shardFilter } from './shard-of.ts';

/** The parts of the symbols that have writers of their own: the shards of a cluster, or all symbols together. */
export function partsOf(
  config: Config,
): readonly { readonly config: Config; readonly isOwn?: (symbol: string) => boolean }[] {
  const { enabled, shards } = config.cluster;
  if (!enabled) return [{ config }];
  return Array.from({ length: shards }, (_, shard) => ({
    config: configOfShard(config, shard),
    isOwn: shardFilter(shard, shards),
  }));
}
