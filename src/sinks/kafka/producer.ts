import { setTimeout as delay } from 'node:timers/promises';
import { at } from '../../domain/at.ts';
import { Fault } from '../../domain/fault.ts';
import { BrokerError } from '../../kafka/broker-error.ts';
import type { Brokers } from '../../kafka/brokers.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { kafkaFault, reasonOf, verdictOf } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Outcome } from '../contract.ts';
import { Fence, transactionalIdOf } from './fence.ts';
import { halvesOf, inRounds, type Message, type RecordBatch } from './record-batches.ts';
import { Moved, SequencedWriter } from './sequenced-writer.ts';

export interface ProducerOptions {
  readonly config: KafkaConfig;
  /** Ended with the producer. */
  readonly brokers: Pick<Brokers, 'at' | 'coordinator' | 'end' | 'metadata'>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Dates the records, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Waits between attempts; ends early when the signal says so. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What stands before the topics of the configured environment; none by default. */
  readonly environmentPrefix?: string;
}

const DELIVERED: Outcome = { kind: 'delivered' };

/** Below the 1 MiB that brokers take by default; halved where they take less. */
const FIRST_MAX_BATCH_BYTES = 900_000;
const MIN_MAX_BATCH_BYTES = 16_384;
const PAUSES_MS = [50, 100, 200, 400, 800, 1000];
const MISSING_TRIES = 10;
const LAST_ANSWER_MS = 500;

/**
 * Writes to Kafka's topics so that nothing is lost or stored twice (docs/decisions/0002): idempotent; after an error the
 * very same record batches are sent again, by the same writer, before anything else; each request goes to one broker.
 * Driven with one `produce` at a time.
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
  /** Why this writer must not send anything any more. */
  #broken: Fault | undefined;
  /** Why nothing can be sent at the moment, for people. */
  trouble: string | undefined;
  #underWay: Promise<unknown> | undefined;

  constructor({ config, brokers, now, wallClockMs, pause = wait, environmentPrefix }: ProducerOptions) {
    this.#brokers = brokers;
    this.#fence = new Fence(brokers, transactionalIdOf(config, environmentPrefix), now, this.#stop.signal);
    this.#pauseFor = pause;
    this.#wallClockMs = wallClockMs;
  }

  /** Shuts previous writers out of the topics. Rejects with a Fault. */
  async open(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    try {
      const numbers = await this.#fence.renew(layouts);
      this.#writer = new SequencedWriter(this.#brokers, numbers, this.#wallClockMs);
      this.#broken = undefined;
      this.trouble = undefined;
    } catch (error) {
      this.trouble = reasonOf(error);
      throw kafkaFault(error);
    }
  }

  /**
   * One outcome per message, once each is certain. Takes as long as the brokers are away; `close` ends it. Previous
   * writers are shut out of a topic that is new here before anything is sent.
   */
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
        // A writer with the next numbers: what another left uncertain is settled or given up, and cannot land any more.
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

  /** Ends what is under way (its outcome is `retry`) and every connection. */
  async close(): Promise<void> {
    // What is under way is answered in a moment where the brokers are there, and not for long where they are not.
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

  /** Sends the batches of one broker until it is certain what became of them. `wereSent`: that is asked once in any case. */
  async #settle(group: readonly RecordBatch[], leader: number, outcomes: Outcome[], wereSent = false): Promise<void> {
    let batches = group;
    for (let failures = 0; ; failures++) {
      const isBroken = this.#broken !== undefined && (failures > 0 || !wereSent);
      if (isBroken || this.#writer === undefined || this.#stop.signal.aborted) {
        this.#leave(batches, this.#broken ?? new Fault('sink', 'kafka: closed'), outcomes);
        return;
      }
      let error: unknown;
      try {
        batches = await this.#writer.send(batches, leader);
        this.trouble = undefined;
        if (batches.length === 0) return;
        // The client passed a partition over, as one that its topic does not have (any more).
        const message = `no answer for partition ${batches[0]?.partition} of ${batches[0]?.layout.topic}`;
        error = new BrokerError(message, { broker: String(leader), type: 'UNKNOWN_TOPIC_OR_PARTITION' });
      } catch (caught) {
        error = caught;
      }
      if (error instanceof Moved) {
        await this.#deliver(batches, outcomes);
        return;
      }
      const verdict = verdictOf(error);
      if (verdict === 'passing' || (verdict === 'missing' && failures < MISSING_TRIES)) {
        this.trouble = reasonOf(error);
        const pauseMs = at(PAUSES_MS, Math.min(failures, PAUSES_MS.length - 1));
        await this.#pauseFor(pauseMs, this.#stop.signal);
        continue;
      }
      const [batch] = batches;
      if (batch !== undefined && batches.length === 1) {
        await this.#judge(batch, leader, verdict, error, outcomes);
        return;
      }
      // The error is one batch's and does not say whose. The same batches one by one: what was stored is known by its numbers.
      for (const each of batches) await this.#settle([each], leader, outcomes, true);
      return;
    }
  }

  async #judge(
    batch: RecordBatch,
    leader: number,
    verdict: string,
    error: unknown,
    outcomes: Outcome[],
  ): Promise<void> {
    if (verdict === 'stored') return;
    if (verdict === 'broken' || verdict === 'missing') {
      this.#broken = kafkaFault(error);
      this.trouble = reasonOf(error);
      this.#leave([batch], this.#broken, outcomes);
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
    if (verdict === 'too_large')
      this.#maxBatchBytes = Math.max(MIN_MAX_BATCH_BYTES, Math.min(this.#maxBatchBytes, batch.bytes / 2));
    for (const half of halvesOf(batch)) await this.#settle([half], leader, outcomes);
  }

  #leave(batches: readonly RecordBatch[], fault: Fault, outcomes: Outcome[]): void {
    for (const { messages } of batches) for (const { index } of messages) outcomes[index] = { kind: 'retry', fault };
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
