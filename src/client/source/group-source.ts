import { GroupMember } from '../../kafka/groups/group-member.ts';
import type { StartOffsets } from '../../kafka/reading/fetch-topic.ts';
import { fetchTo, type KafkaReach, waitForTopic } from './kafka-source.ts';
import { type GroupSettings, Membership } from './membership.ts';
import type { TopicSource } from './source.ts';

/** A topic (full name), shared with all that give the same group. */
export function groupSource(reach: KafkaReach, settings: GroupSettings): TopicSource {
  return {
    async follow(topic, follower, signal) {
      await waitForTopic(reach, topic, follower, signal);
      const { config, log, scheduler } = reach;
      const group = `${settings.group}.${topic}`;
      const member = new GroupMember(config, topic, { group, sessionTimeoutMs: settings.sessionTimeoutMs }, log);
      const read = (from: StartOffsets, until: AbortSignal) => fetchTo(follower, { reach, topic, from }, until);
      const membership = new Membership({ member, follower, read, settings, scheduler });
      try {
        while (!signal.aborted) await membership.term(signal);
      } finally {
        await membership.end();
      }
    },
  };
}
