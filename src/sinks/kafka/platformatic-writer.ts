import type { KafkaConfig } from '../../kafka/config.ts';
import type { ProducerNumbers } from '../../kafka/coordination.ts';
import { isUnsettledTopic, verdictOf } from '../../kafka/kafka-error.ts';
import { PlatformaticConnection, type ProduceAnswer } from '../../kafka/platformatic/platformatic.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import { TransactionFence } from './fence.ts';
import type { Part } from './parts.ts';
import { Moved, type Reach, type Writer } from './writer.ts';

/** Sequences are 31 bits, and go on at 0. */
const SEQUENCES = 2 ** 31;

/** @throws Fault (never) where the configuration cannot be used. */
export function platformaticReach(
  config: KafkaConfig,
  _log: unknown,
  transactionalId: string,
  signal: AbortSignal,
): Reach {
  const connection = new PlatformaticConnection(config);
  return {
    fence: new TransactionFence(connection, transactionalId, signal),
    writer: (numbers) => new PlatformaticWriter(connection, numbers),
    cut: () => connection.cut(),
    end: () => connection.end(),
  };
}

/** The sequences are counted here, so that they stay where an attempt fails: the library's own producer starts anew then. */
export class PlatformaticWriter implements Writer {
  readonly #connection: Pick<PlatformaticConnection, 'metadata' | 'produce'>;
  readonly #numbers: ProducerNumbers;
  /** By topic and partition: the number of the next record. */
  readonly #sequences = new Map<string, number>();
  /** Whose leaders have to be asked for before anything is sent to them. */
  readonly #stale = new Set<TopicLayout>();

  constructor(connection: Pick<PlatformaticConnection, 'metadata' | 'produce'>, numbers: ProducerNumbers) {
    this.#connection = connection;
    this.#numbers = numbers;
  }

  async connect(): Promise<void> {
    await this.#connection.metadata([]);
  }

  async send(parts: readonly Part[], leader: number): Promise<readonly Part[]> {
    for (let isAgain = false; ; isAgain = true) {
      await this.#learnLeaders(parts);
      if (parts.some(({ layout, partition }) => layout.leaderOf(partition) !== leader)) throw new Moved();
      try {
        return await this.#attempt(parts, leader);
      } catch (error) {
        for (const { layout } of parts) this.#stale.add(layout);
        if (isAgain || !isUnsettledTopic(error)) throw error;
      }
    }
  }

  async disconnect(): Promise<void> {
    // The connections are not this writer's alone.
  }

  async #attempt(parts: readonly Part[], leader: number): Promise<readonly Part[]> {
    const batches = parts.map(({ layout: { topic }, partition, messages }) => ({
      topic,
      partition,
      messages,
      sequence: this.#sequences.get(nameOf(topic, partition)) ?? 0,
    }));
    const answers = await this.#connection.produce(leader, this.#numbers, batches);
    const byName = new Map<string, ProduceAnswer>();
    for (const answer of answers) {
      if (answer.error !== undefined && !isStored(answer.error)) throw answer.error;
      byName.set(nameOf(answer.topic, answer.partition), answer);
    }
    for (const { topic, partition, sequence, messages } of batches) {
      const name = nameOf(topic, partition);
      if (byName.has(name)) this.#sequences.set(name, (sequence + messages.length) % SEQUENCES);
    }
    return parts.filter(({ layout, partition }) => !byName.has(nameOf(layout.topic, partition)));
  }

  async #learnLeaders(parts: readonly Part[]): Promise<void> {
    const stale = new Set(parts.map(({ layout }) => layout)).intersection(this.#stale);
    if (stale.size === 0) return;
    const leaders = await this.#connection.metadata([...stale].map(({ topic }) => topic));
    for (const layout of stale) {
      const led = leaders.get(layout.topic);
      if (led !== undefined) layout.learn(led);
      this.#stale.delete(layout);
    }
  }
}

/** The broker has these very records already. */
function isStored(error: Error): boolean {
  return verdictOf(error) === 'stored';
}

function nameOf(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
