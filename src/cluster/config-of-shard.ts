import { join } from 'node:path';
import type { Config } from '../config/config.ts';

/** A shard's configuration: its writer's name, which is the same in every instance, and its own spill folder. */
export function configOfShard(config: Config, shard: number): Config {
  const name = `shard-${shard}`;
  const maxMb = config.spill.maxMb / config.cluster.shards;
  return {
    ...config,
    kafka: { ...config.kafka, clientId: `${config.cluster.group}.${name}` },
    spill: { dir: join(config.spill.dir, name), maxMb },
  };
}
