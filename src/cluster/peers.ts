import type { SchedulerLike } from 'rxjs';
import { environmentPrefix } from '../codec/environment-topics.ts';
import { topicOf } from '../codec/topics.ts';
import type { Config } from '../config/config.ts';
import { asFault, Fault } from '../domain/fault.ts';
import type { KafkaLog } from '../kafka/config.ts';
import { type Assigner, GroupMember } from '../kafka/groups/group-member.ts';
import { fetchTopic } from '../kafka/reading/fetch-topic.ts';
import { newMessageDecoder } from '../kafka/reading/read-topic.ts';
import { pauseFor } from '../net/aborted.ts';
import { shardsTopicOf } from './shards-topic.ts';
import type { OwnerHeartbeats } from './takeover/owner-heartbeats.ts';

/** This instance as a member of the group. */
export type ClusterMember = Pick<GroupMember, 'id' | 'join' | 'heartbeat' | 'sharesAll' | 'leave'>;

/** How an instance finds the others. */
export interface Peers {
  member(assigner: Assigner): ClusterMember;
  /** Passes the heartbeats of all owners on until the signal aborts. */
  followOwners(heartbeats: OwnerHeartbeats, signal: AbortSignal): Promise<void>;
}

const RETRY_MS = 1000;
/** The message key of heartbeats. */
const KEY = 'feed';

/** Finds the others by a consumer group, and by the topic `feed-status`. */
export function kafkaPeers(config: Config, scheduler: SchedulerLike, log: KafkaLog): Peers {
  const { kafka, environment, feed, cluster } = config;
  const topic = kafka.topicPrefix + environmentPrefix(environment, feed.allowTestData) + topicOf('status').name;
  return {
    member: (assigner) => new GroupMember(kafka, shardsTopicOf(config), { ...cluster, assigner }, log),
    async followOwners(heartbeats, signal) {
      const decode = newMessageDecoder(kafka);
      const options = {
        from: 'end',
        follow: true,
        signal,
        watcher: { answered: () => heartbeats.answered() },
      } as const;
      while (!signal.aborted) {
        try {
          for await (const messages of fetchTopic(kafka, topic, options, log)) {
            for (const { key, value } of messages) {
              const record = key === KEY && value !== null ? await decode(value) : undefined;
              if (record !== undefined && !(record instanceof Fault) && record.kind === 'status')
                heartbeats.add(record);
            }
          }
        } catch (error) {
          log('debug', `the heartbeats of the owners cannot be read: ${asFault(error).message}`, {});
        }
        await pauseFor(RETRY_MS, scheduler, signal);
      }
    },
  };
}
