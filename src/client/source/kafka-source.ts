import type { SchedulerLike } from 'rxjs';
import { asFault } from '../../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { TopicMessage } from '../../kafka/contract.ts';
import { GroupMember } from '../../kafka/groups/group-member.ts';
import type { FetchWatcher } from '../../kafka/reading/fetch-round.ts';
import { fetchTopic, type StartAt, type StartOffsets } from '../../kafka/reading/fetch-topic.ts';
import { newMessageDecoder } from '../../kafka/reading/read-topic.ts';
import { pauseFor } from '../../net/aborted.ts';
import { type GroupSettings, Membership } from './membership.ts';
import type { EncodedMessage, TopicHandler, TopicSource } from './source.ts';

export interface KafkaReach {
  readonly config: KafkaConfig;
  readonly log: KafkaLog;
  readonly scheduler: SchedulerLike;
  /** Rejects with a Fault: of kind `unavailable` if there is no such topic, else if the brokers fail or refuse. */
  readonly requireTopic: (topic: string) => Promise<void>;
}

const RETRY_MS = 1000;

/** Reads all partitions of a topic (full name) without a group, so no offset is stored at the brokers. */
export function kafkaSource(reach: KafkaReach, start: StartAt): TopicSource {
  return {
    async follow(topic, handler, signal) {
      await waitForTopic(reach, topic, handler, signal);
      await fetchTo(handler, { reach, topic, from: start }, signal);
    },
  };
}

/** Reads the partitions of a topic (full name) that this client has as a member of a group. */
export function groupSource(reach: KafkaReach, settings: GroupSettings): TopicSource {
  return {
    async follow(topic, handler, signal) {
      await waitForTopic(reach, topic, handler, signal);
      const { config, log, scheduler } = reach;
      const group = `${settings.group}.${topic}`;
      const member = new GroupMember(config, topic, { group, sessionTimeoutMs: settings.sessionTimeoutMs }, log);
      const read = (from: StartOffsets, until: AbortSignal) => fetchTo(handler, { reach, topic, from }, until);
      const membership = new Membership({ member, handler, read, settings, scheduler });
      try {
        while (!signal.aborted) await membership.runUntilRebalance(signal);
      } finally {
        await membership.end();
      }
    },
  };
}

/** Waits until the brokers answer. Rejects with a Fault if the topic does not exist or they refuse this client. */
async function waitForTopic(
  { requireTopic, scheduler }: KafkaReach,
  topic: string,
  handler: TopicHandler,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await requireTopic(topic);
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind === 'unavailable' || fault.retry.kind === 'never') throw fault;
      handler.readFailed(fault);
      await pauseFor(RETRY_MS, scheduler, signal);
    }
  }
}

interface FetchTo {
  readonly reach: KafkaReach;
  readonly topic: string;
  readonly from: StartAt;
}

/** Reads until the signal aborts. After a failure it resumes after the last record that was given to listeners. */
async function fetchTo(handler: TopicHandler, { reach, topic, from }: FetchTo, signal: AbortSignal): Promise<void> {
  const decode = newMessageDecoder(reach.config);
  const toEncoded = ({ partition, offset, timestamp, value }: TopicMessage): EncodedMessage => ({
    partition,
    offset: Number(offset),
    appendedAt: timestamp,
    decode: () => (value === null ? undefined : decode(value)),
  });
  const watcher: FetchWatcher = {
    started: (offsets) => handler.started(new Map([...offsets].map(([partition, at]) => [partition, Number(at)]))),
    answered: (partition, behind) => handler.updateLag(partition, behind),
    lost: (partition, first, next) => handler.lost(partition, Number(first), Number(next)),
  };
  for (let start = from; !signal.aborted; start = behindPositions(from, handler.positions())) {
    try {
      const batches = fetchTopic(reach.config, topic, { from: start, follow: true, signal, watcher }, reach.log);
      for await (const messages of batches) await handler.take(messages.map(toEncoded), signal);
    } catch (error) {
      handler.readFailed(asFault(error));
      await pauseFor(RETRY_MS, reach.scheduler, signal);
    }
  }
}

/**
 * Returns where to resume: each partition at its position, or `from` if no position is known. A partition that was
 * added since the start is read from its beginning.
 */
export function behindPositions(from: StartAt, positions: ReadonlyMap<number, number>): StartAt {
  const offsets = new Map([...positions].map(([partition, offset]) => [partition, BigInt(offset)]));
  if (typeof from === 'object' && 'offsets' in from)
    return { ...from, offsets: new Map([...from.offsets, ...offsets]) };
  return offsets.size === 0 ? from : { offsets, otherwise: 'beginning', onlyThese: false };
}
