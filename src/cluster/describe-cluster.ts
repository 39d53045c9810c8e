import type { Config } from '../config/config.ts';
import type { KafkaLog } from '../kafka/config.ts';
import { decodeAssignment } from '../kafka/groups/consumer-protocol.ts';
import { withBrokers } from '../kafka/topics.ts';
import { planIn } from './assignment/shard-assigner.ts';
import { shardsTopicOf } from './shards-topic.ts';

/** An instance of the cluster, and its shards by the last assignment. */
export interface DescribedInstance {
  /** Its id in the group. */
  readonly id: string;
  /** Its address, as the brokers know it. */
  readonly host: string;
  readonly owns: readonly number[];
  readonly standsBy: readonly number[];
}

/** Returns the instances of the cluster that are in its group now. Rejects if the brokers fail. */
export function describeCluster(config: Config, log: KafkaLog): Promise<readonly DescribedInstance[]> {
  const { group } = config.cluster;
  return withBrokers(config.kafka, log, async (brokers) => {
    const coordinator = await brokers.coordinator('group', group);
    const members = await coordinator((broker) => broker.membersOf(group));
    return members.map(({ memberId: id, host, assignment }): DescribedInstance => {
      const { partitions, userData } = decodeAssignment(shardsTopicOf(config), assignment);
      return { id, host, owns: partitions, standsBy: planIn(userData).standbys.get(id) ?? [] };
    });
  });
}
