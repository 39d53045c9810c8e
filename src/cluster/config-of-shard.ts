import { join } from 'node:path';
import type { Config } from '../config/config.ts';

export const nameOfShard = (shard: number): string => `shard-${shard}`;

/** Returns the shard of an instance of the feed; undefined if its id names none. */
export function shardOfInstance(instance: string): number | undefined {
  const [, shard] = /^shard-(\d+)\./.exec(instance) ?? [];
  return shard === undefined ? undefined : Number(shard);
}

/** A shard's configuration: its writer's name, which is the same in every instance, and its own spill folder. */
export function configOfShard(config: Config, shard: number): Config {
  const name = nameOfShard(shard);
  const maxMb = config.spill.maxMb / config.cluster.shards;
  return {
    ...config,
    kafka: { ...config.kafka, clientId: `${config.cluster.group}.${name}` },
    spill: { dir: join(config.spill.dir, name), maxMb },
  };
}
