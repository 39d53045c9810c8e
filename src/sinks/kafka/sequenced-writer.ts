import type { Brokers } from '../../kafka/brokers.ts';
import type { ProducerIdAndEpoch } from '../../kafka/contract.ts';
import { errorClassOf, isTopicNotReady } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { RecordBatch } from './record-batches.ts';

/** Sequence numbers have 31 bits and start again at 0. */
const SEQUENCES = 2 ** 31;

type WriterBrokers = Pick<Brokers, 'at' | 'metadata'>;

/**
 * An idempotent producer with a given id and epoch. It counts the sequence numbers itself, so that a retry repeats
 * them: the client libraries' own producers do not repeat them.
 */
export class SequencedWriter {
  readonly #brokers: WriterBrokers;
  readonly #producer: ProducerIdAndEpoch;
  readonly #wallClockMs: () => number;
  /** The sequence number of the next record, by topic and partition. */
  readonly #sequences = new Map<string, number>();
  /** Topics whose leaders have to be looked up before the next request. */
  readonly #stale = new Set<TopicLayout>();

  /** `wallClockMs` returns the wall clock's time for the records' timestamps, milliseconds since 1970. */
  constructor(brokers: WriterBrokers, producer: ProducerIdAndEpoch, wallClockMs: () => number) {
    this.#brokers = brokers;
    this.#producer = producer;
    this.#wallClockMs = wallClockMs;
  }

  /**
   * Sends the batches to `leader`, which leads all their partitions, and once more if it may no longer lead them.
   * Returns the batches without an answer. If this rejects, send the same batches again before others of their
   * partitions. Rejects with Moved if another broker leads one of the partitions.
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
        if (isAgain || !isTopicNotReady(error)) throw error;
      }
    }
  }

  async #attempt(batches: readonly RecordBatch[], leader: number): Promise<readonly RecordBatch[]> {
    const timestamp = this.#wallClockMs();
    const numbered = batches.map((batch) => {
      const { layout, partition, messages } = batch;
      const { topic } = layout;
      const name = nameOf(topic, partition);
      return { batch, name, topic, partition, messages, timestamp, sequence: this.#sequences.get(name) ?? 0 };
    });
    const answers = await this.#brokers.at(leader, (broker) => broker.produce(numbered, this.#producer));
    for (const answer of answers) {
      // stored: the broker has these records already
      if (answer.error !== undefined && errorClassOf(answer.error) !== 'stored') throw answer.error;
    }
    const answered = new Set(answers.map(({ topic, partition }) => nameOf(topic, partition)));
    const unanswered: RecordBatch[] = [];
    for (const { batch, name, sequence, messages } of numbered) {
      if (answered.has(name)) this.#sequences.set(name, (sequence + messages.length) % SEQUENCES);
      else unanswered.push(batch);
    }
    return unanswered;
  }

  async #learnLeaders(batches: readonly RecordBatch[]): Promise<void> {
    if (this.#stale.size === 0) return;
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

/** A partition has another leader now. */
export class Moved extends Error {}
