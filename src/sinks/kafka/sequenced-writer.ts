import type { Brokers } from '../../kafka/brokers.ts';
import type { ProducerNumbers } from '../../kafka/contract.ts';
import { isUnsettledTopic, verdictOf } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { RecordBatch } from './record-batches.ts';

/** Sequences are 31 bits, and go on at 0. */
const SEQUENCES = 2 ** 31;

type WriterBrokers = Pick<Brokers, 'at' | 'metadata'>;

/**
 * An idempotent producer under numbers that it was given. It counts the sequences itself, so that they stay when an
 * attempt fails; the client libraries' own producers take them back or start anew then.
 */
export class SequencedWriter {
  readonly #brokers: WriterBrokers;
  readonly #numbers: ProducerNumbers;
  readonly #wallClockMs: () => number;
  /** By topic and partition: the number of the next record. */
  readonly #sequences = new Map<string, number>();
  /** Whose leaders have to be asked for before anything is sent to them. */
  readonly #stale = new Set<TopicLayout>();

  /** `wallClockMs` dates the records, milliseconds since 1970. */
  constructor(brokers: WriterBrokers, numbers: ProducerNumbers, wallClockMs: () => number) {
    this.#brokers = brokers;
    this.#numbers = numbers;
    this.#wallClockMs = wallClockMs;
  }

  /**
   * One attempt to have the batches stored by the broker that leads them all, by all in-sync replicas; no other one is
   * asked. Returns the batches of which no answer says anything. Sequences go on with what was answered; not with a
   * rejection, after which the same batches come again before anything else for their partitions. Rejects with Moved,
   * nothing sent, if that broker is not the one (any more).
   */
  async send(batches: readonly RecordBatch[], leader: number): Promise<readonly RecordBatch[]> {
    for (let isAgain = false; ; isAgain = true) {
      await this.#learnLeaders(batches);
      if (batches.some(({ layout, partition }) => layout.leaderOf(partition) !== leader))
        throw new Moved('moved to another broker');
      try {
        return await this.#attempt(batches, leader);
      } catch (error) {
        for (const { layout } of batches) this.#stale.add(layout);
        if (isAgain || !isUnsettledTopic(error)) throw error;
      }
    }
  }

  async #attempt(batches: readonly RecordBatch[], leader: number): Promise<readonly RecordBatch[]> {
    const timestamp = this.#wallClockMs();
    const numbered = batches.map(({ layout: { topic }, partition, messages }) => ({
      topic,
      partition,
      messages,
      timestamp,
      sequence: this.#sequences.get(nameOf(topic, partition)) ?? 0,
    }));
    const answers = await this.#brokers.at(leader, (broker) => broker.produce(numbered, this.#numbers));
    for (const answer of answers) {
      // Stored: the broker has these very records already.
      if (answer.error !== undefined && verdictOf(answer.error) !== 'stored') throw answer.error;
    }
    const answered = new Set(answers.map(({ topic, partition }) => nameOf(topic, partition)));
    for (const { topic, partition, sequence, messages } of numbered) {
      const name = nameOf(topic, partition);
      if (answered.has(name)) this.#sequences.set(name, (sequence + messages.length) % SEQUENCES);
    }
    return batches.filter(({ layout, partition }) => !answered.has(nameOf(layout.topic, partition)));
  }

  async #learnLeaders(batches: readonly RecordBatch[]): Promise<void> {
    const stale = new Set(batches.map(({ layout }) => layout)).intersection(this.#stale);
    if (stale.size === 0) return;
    const { topics } = await this.#brokers.metadata([...stale].map(({ topic }) => topic));
    for (const layout of stale) {
      const known = topics.find(({ topic }) => topic === layout.topic);
      if (known !== undefined && known.error === undefined) layout.learn(known.partitions);
      this.#stale.delete(layout);
    }
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}

/** A partition has another leader by now. */
export class Moved extends Error {}
