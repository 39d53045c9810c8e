import { setTimeout as delay } from 'node:timers/promises';
import { at } from '../../domain/at.ts';
import { Fault } from '../../domain/fault.ts';
import { BrokerError } from '../../kafka/broker-error.ts';
import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { type ErrorClass, errorClassOf, kafkaFault, reasonOf } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Outcome } from '../contract.ts';
import { Fence, transactionalIdOf } from './fence.ts';
import { halvesOf, inRounds, type Message, type RecordBatch } from './record-batches.ts';
import { Moved, SequencedWriter } from './sequenced-writer.ts';

export interface ProducerOptions {
  readonly config: KafkaConfig;
  /** The producer's own connections, ended by `close`. */
  readonly brokers: Pick<Brokers, 'at' | 'coordinator' | 'end' | 'metadata'>;
  /** Returns the monotonic clock's time, milliseconds. */
  readonly now: () => number;
  /** Returns the wall clock's time for the records' timestamps, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Waits for a time between attempts, but ends the wait when the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Prefix of the configured environment's topics; none by default. */
  readonly environmentPrefix?: string;
  /** Names a second writer to the same topics, which has a fence of its own. */
  readonly writer?: string | undefined;
}

const DELIVERED: Outcome = { kind: 'delivered' };

/** Maximum bytes of a batch at first, below the brokers' default of 1 MiB. Halved when a batch is too large. */
const FIRST_MAX_BATCH_BYTES = 900_000;
const MIN_MAX_BATCH_BYTES = 16_384;
const PAUSES_MS = [50, 100, 200, 400, 800, 1000];
const MISSING_TRIES = 10;
const LAST_ANSWER_MS = 500;

/**
 * Writes to Kafka's topics so that nothing is lost or stored twice (docs/decisions/0002). After an error it sends the
 * same record batches again, with the same sequence numbers, before anything else. Call one `produce` at a time.
 */
export class RepeatingProducer {
  readonly #brokers: ProducerOptions['brokers'];
  readonly #pauseFor: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #wallClockMs: () => number;
  readonly #stop = new AbortController();
  readonly #fence: Fence;
  #writer: SequencedWriter | undefined;
  #layouts: ReadonlyMap<string, TopicLayout> = new Map();
  #maxBatchBytes = FIRST_MAX_BATCH_BYTES;
  /** Why this writer must not send anything more. */
  #broken: Fault | undefined;
  /** Why nothing can be sent at the moment, for people. */
  trouble: string | undefined;
  #underWay: Promise<unknown> | undefined;

  constructor({ config, brokers, now, wallClockMs, pause = wait, environmentPrefix, writer }: ProducerOptions) {
    this.#brokers = brokers;
    this.#fence = new Fence(brokers, transactionalIdOf(config, environmentPrefix, writer), now, this.#stop.signal);
    this.#pauseFor = pause;
    this.#wallClockMs = wallClockMs;
  }

  /** Shuts out previous writers of the topics. Rejects with a Fault. */
  async open(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    try {
      const producer = await this.#fence.renew(layouts);
      this.#writer = new SequencedWriter(this.#brokers, producer, this.#wallClockMs);
      this.#broken = undefined;
      this.trouble = undefined;
    } catch (error) {
      this.trouble = reasonOf(error);
      throw kafkaFault(error);
    }
  }

  /** Returns one outcome per message when all are certain. Waits for unavailable brokers; `close` ends the wait. */
  produce(messages: readonly Message[], layouts: ReadonlyMap<string, TopicLayout>): Promise<readonly Outcome[]> {
    const outcomes = this.#produce(messages, layouts);
    this.#underWay = outcomes;
    return outcomes;
  }

  async #produce(messages: readonly Message[], layouts: ReadonlyMap<string, TopicLayout>): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = new Array<Outcome>(messages.length).fill(DELIVERED);
    this.#layouts = layouts;
    try {
      if (this.#broken !== undefined || this.#writer === undefined) {
        // With a new epoch, no request of the broken writer can be stored any more.
        this.#writer = undefined;
        await this.open(layouts);
      } else await this.#fence.keep(layouts);
      for (const round of inRounds(messages, (topic) => this.#layoutOf(topic), this.#maxBatchBytes))
        await this.#deliver(round, outcomes);
    } catch (error) {
      const fault = kafkaFault(error);
      this.trouble = fault.message;
      return outcomes.map(() => ({ kind: 'retry', fault }));
    }
    return outcomes;
  }

  /** Ends the current `produce` and every connection. Messages without an answer get the outcome `retry`. */
  async close(): Promise<void> {
    // If the brokers are available, their answer comes soon.
    if (this.trouble === undefined)
      await Promise.race([this.#underWay, delay(LAST_ANSWER_MS, undefined, { ref: false })]);
    this.#stop.abort();
    this.#brokers.end();
  }

  #layoutOf(topic: string): TopicLayout {
    const layout = this.#layouts.get(topic);
    if (layout === undefined) throw new Fault('internal', `kafka: topic ${topic} was not looked up`);
    return layout;
  }

  /** Sends each broker its batches, all brokers at once. */
  async #deliver(batches: readonly RecordBatch[], outcomes: Outcome[]): Promise<void> {
    const byLeader = Map.groupBy(batches, ({ layout, partition }) => layout.leaderOf(partition));
    await Promise.all([...byLeader].map(([leader, group]) => this.#settle(group, leader, outcomes)));
  }

  /**
   * Sends one broker's batches until their outcomes are certain. `wereSent`: they may be stored already, so they are
   * sent once more even if the writer is broken.
   */
  async #settle(group: readonly RecordBatch[], leader: number, outcomes: Outcome[], wereSent = false): Promise<void> {
    let batches = group;
    for (let failures = 0; ; failures++) {
      const isBroken = this.#broken !== undefined && (failures > 0 || !wereSent);
      if (isBroken || this.#writer === undefined || this.#stop.signal.aborted) {
        setRetry(outcomes, batches, this.#broken ?? new Fault('sink', 'kafka: closed'));
        return;
      }
      let error: unknown;
      try {
        batches = await this.#writer.send(batches, leader);
        this.trouble = undefined;
        if (batches.length === 0) return;
        // The client library left out a partition that the topic does not have (any more).
        const message = `no answer for partition ${batches[0]?.partition} of ${batches[0]?.layout.topic}`;
        error = new BrokerError(message, { broker: String(leader), type: 'UNKNOWN_TOPIC_OR_PARTITION' });
      } catch (caught) {
        error = caught;
      }
      if (error instanceof Moved) {
        await this.#deliver(batches, outcomes);
        return;
      }
      const errorClass = errorClassOf(error);
      if (errorClass === 'passing' || (errorClass === 'missing' && failures < MISSING_TRIES)) {
        this.trouble = reasonOf(error);
        const pauseMs = at(PAUSES_MS, Math.min(failures, PAUSES_MS.length - 1));
        await this.#pauseFor(pauseMs, this.#stop.signal);
        continue;
      }
      const [batch] = batches;
      if (batch !== undefined && batches.length === 1) {
        await this.#judge(batch, leader, errorClass, error, outcomes);
        return;
      }
      // The error does not name its batch, so the batches are sent one by one. Their sequence numbers show which are
      // stored.
      for (const each of batches) await this.#settle([each], leader, outcomes, true);
      return;
    }
  }

  async #judge(
    batch: RecordBatch,
    leader: number,
    errorClass: ErrorClass,
    error: unknown,
    outcomes: Outcome[],
  ): Promise<void> {
    if (errorClass === 'stored') return;
    if (errorClass === 'broken' || errorClass === 'missing') {
      this.#broken = kafkaFault(error);
      this.trouble = reasonOf(error);
      setRetry(outcomes, [batch], this.#broken);
      return;
    }
    const { messages } = batch;
    const [only] = messages;
    if (only !== undefined && messages.length === 1) {
      const message = `kafka: ${batch.layout.topic}: ${reasonOf(error)} (${only.value.length} bytes)`;
      outcomes[only.index] = {
        kind: 'rejected',
        fault: new Fault('sink', message, { retry: { kind: 'never' }, cause: error }),
      };
      return;
    }
    if (errorClass === 'too_large')
      this.#maxBatchBytes = Math.max(MIN_MAX_BATCH_BYTES, Math.min(this.#maxBatchBytes, batch.bytes / 2));
    for (const half of halvesOf(batch)) await this.#settle([half], leader, outcomes);
  }
}

function setRetry(outcomes: Outcome[], batches: readonly RecordBatch[], fault: Fault): void {
  for (const { messages } of batches) for (const { index } of messages) outcomes[index] = { kind: 'retry', fault };
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
