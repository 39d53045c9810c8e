import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../domain/fault.ts';
import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import type { ProducerNumbers } from '../../kafka/coordination.ts';
import { kafkaFault, needsNewConnection, reasonOf, verdictOf } from '../../kafka/kafka-error.ts';
import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Health, Outcome } from '../contract.ts';
import type { BatchProducer, Message } from './batch-producer.ts';
import { REACHES } from './clients.ts';
import { transactionalIdOf } from './fence.ts';
import { FenceKeeper } from './fence-keeper.ts';
import { halvesOf, inRounds, type Part } from './parts.ts';
import { Moved, type Reach, type Writer } from './writer.ts';

export interface ProducerOptions {
  readonly config: KafkaConfig;
  readonly log: KafkaLog;
  /** Milliseconds, for Health. */
  readonly now: () => number;
  /** Waits between attempts; ends early when the signal says so. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What stands before the topics of the configured environment; none by default. */
  readonly environmentPrefix?: string;
  /** Instead of the configured brokers. */
  readonly reach?: Reach;
}

const DELIVERED: Outcome = { kind: 'delivered' };

/** Below the 1 MiB that brokers take by default; halved where they take less. */
const FIRST_MAX_PART_BYTES = 900_000;
const MIN_MAX_PART_BYTES = 16_384;
const PAUSES_MS = [50, 100, 200, 400, 800, 1000];
const MISSING_TRIES = 10;
const LAST_ANSWER_MS = 500;

/**
 * A client library's writer, driven so that it neither loses nor repeats (docs/decisions/0002): idempotent; after an error
 * the very same record batches are sent again, by the same writer, before anything else; all of a call goes to one broker.
 */
export class RepeatingProducer implements BatchProducer {
  readonly #reach: Reach;
  readonly #pauseFor: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #fence: FenceKeeper;
  #writer: Writer | undefined;
  #layouts: ReadonlyMap<string, TopicLayout> = new Map();
  #maxPartBytes = FIRST_MAX_PART_BYTES;
  /** Why this writer must not send anything any more. */
  #broken: Fault | undefined;
  #health: Health = { state: 'up' };
  #reconnecting: Promise<void> | undefined;
  #underWay: Promise<unknown> | undefined;

  /** @throws Fault (never) where the configuration cannot be used. */
  constructor({ config, log, now, pause = wait, ...options }: ProducerOptions) {
    const transactionalId = transactionalIdOf(config, options.environmentPrefix);
    this.#reach = options.reach ?? REACHES[config.client](config, log, transactionalId, this.#stop.signal);
    this.#fence = new FenceKeeper(this.#reach.fence, now);
    this.#pauseFor = pause;
    this.#now = now;
  }

  async open(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    try {
      await this.#connect(await this.#fence.renew(layouts));
      this.#broken = undefined;
      this.#up();
    } catch (error) {
      this.#down(reasonOf(error));
      throw kafkaFault(error);
    }
  }

  async #connect(numbers: ProducerNumbers): Promise<void> {
    const writer = this.#reach.writer(numbers);
    try {
      await writer.connect();
      this.#writer = writer;
    } catch (error) {
      await writer.disconnect();
      throw error;
    }
  }

  produce(messages: readonly Message[], layouts: ReadonlyMap<string, TopicLayout>): Promise<readonly Outcome[]> {
    const outcomes = this.#produce(messages, layouts);
    this.#underWay = outcomes;
    return outcomes;
  }

  async #produce(messages: readonly Message[], layouts: ReadonlyMap<string, TopicLayout>): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = new Array<Outcome>(messages.length).fill(DELIVERED);
    this.#layouts = layouts;
    try {
      if (this.#broken !== undefined || this.#writer === undefined) await this.#renew(layouts);
      else await this.#fence.keep(layouts);
      for (const round of inRounds(messages, (topic) => this.#layoutOf(topic), this.#maxPartBytes))
        await this.#deliver(round, outcomes);
    } catch (error) {
      const fault = kafkaFault(error);
      this.#down(fault.message);
      return outcomes.map(() => ({ kind: 'retry', fault }));
    }
    return outcomes;
  }

  health(): Health {
    return this.#health;
  }

  async close(): Promise<void> {
    // What is under way is answered in a moment where the brokers are there, and not for long where they are not.
    if (this.#health.state === 'up')
      await Promise.race([this.#underWay, delay(LAST_ANSWER_MS, undefined, { ref: false })]);
    this.#stop.abort();
    this.#reach.end();
    await this.#writer?.disconnect();
  }

  #layoutOf(topic: string): TopicLayout {
    const layout = this.#layouts.get(topic);
    if (layout === undefined) throw new Fault('internal', `kafka: topic ${topic} was not looked up`);
    return layout;
  }

  /** Sends each broker its parts, all brokers at once. */
  async #deliver(parts: readonly Part[], outcomes: Outcome[]): Promise<void> {
    const byLeader = new Map<number, Part[]>();
    for (const part of parts) {
      const leader = part.layout.leaderOf(part.partition);
      const group = byLeader.get(leader);
      if (group === undefined) byLeader.set(leader, [part]);
      else group.push(part);
    }
    await Promise.all([...byLeader].map(([leader, group]) => this.#settle(group, leader, outcomes)));
  }

  /** Sends the parts of one broker until it is certain what became of them. `wereSent`: that is asked once in any case. */
  async #settle(group: readonly Part[], leader: number, outcomes: Outcome[], wereSent = false): Promise<void> {
    let parts = group;
    for (let failures = 0; ; failures++) {
      const isBroken = this.#broken !== undefined && (failures > 0 || !wereSent);
      if (isBroken || this.#writer === undefined || this.#stop.signal.aborted) {
        this.#leave(parts, this.#broken ?? new Fault('sink', 'kafka: closed'), outcomes);
        return;
      }
      let error: unknown;
      try {
        parts = await this.#writer.send(parts, leader);
        this.#up();
        if (parts.length === 0) return;
        error = new Unanswered(`no answer for partition ${parts[0]?.partition} of ${parts[0]?.layout.topic}`);
      } catch (caught) {
        error = caught;
      }
      if (error instanceof Moved) {
        await this.#deliver(parts, outcomes);
        return;
      }
      const verdict = verdictOf(error);
      if (verdict === 'passing' || (verdict === 'missing' && failures < MISSING_TRIES)) {
        this.#down(reasonOf(error));
        await this.#pause(failures);
        if (needsNewConnection(error)) await this.#reconnect();
        continue;
      }
      const [part] = parts;
      if (part !== undefined && parts.length === 1) {
        await this.#judge(part, leader, verdict, error, outcomes);
        return;
      }
      // The error is one part's and does not say whose. The same parts one by one: what was stored is known by its numbers.
      for (const each of parts) await this.#settle([each], leader, outcomes, true);
      return;
    }
  }

  async #judge(part: Part, leader: number, verdict: string, error: unknown, outcomes: Outcome[]): Promise<void> {
    if (verdict === 'stored') return;
    if (verdict === 'broken' || verdict === 'missing') {
      this.#broken = kafkaFault(error);
      this.#down(reasonOf(error));
      this.#leave([part], this.#broken, outcomes);
      return;
    }
    const { messages } = part;
    const [only] = messages;
    if (only !== undefined && messages.length === 1) {
      const message = `kafka: ${part.layout.topic}: ${reasonOf(error)} (${only.value.length} bytes)`;
      outcomes[only.index] = {
        kind: 'rejected',
        fault: new Fault('sink', message, { retry: { kind: 'never' }, cause: error }),
      };
      return;
    }
    if (verdict === 'too_large')
      this.#maxPartBytes = Math.max(MIN_MAX_PART_BYTES, Math.min(this.#maxPartBytes, part.bytes / 2));
    for (const half of halvesOf(part)) await this.#settle([half], leader, outcomes);
  }

  #leave(parts: readonly Part[], fault: Fault, outcomes: Outcome[]): void {
    for (const { messages } of parts) for (const { index } of messages) outcomes[index] = { kind: 'retry', fault };
  }

  /** A writer with the next numbers: what another left uncertain is settled or given up, and cannot land any more. */
  async #renew(layouts: ReadonlyMap<string, TopicLayout>): Promise<void> {
    const old = this.#writer;
    this.#writer = undefined;
    await old?.disconnect();
    await this.open(layouts);
  }

  /** New connections for the same writer, where the old ones are not to be trusted. */
  #reconnect(): Promise<void> {
    this.#reconnecting ??= this.#connectAgain().finally(() => {
      this.#reconnecting = undefined;
    });
    return this.#reconnecting;
  }

  async #connectAgain(): Promise<void> {
    const writer = this.#writer;
    this.#reach.cut();
    if (writer === undefined) return;
    await writer.disconnect();
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      try {
        await writer.connect();
        return;
      } catch (error) {
        this.#down(reasonOf(error));
        await this.#pause(failures);
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    await this.#pauseFor(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] as number, this.#stop.signal);
  }

  #up(): void {
    if (this.#health.state === 'down') this.#health = { state: 'up' };
  }

  #down(reason: string): void {
    this.#health = {
      state: 'down',
      sinceMs: this.#health.state === 'down' ? this.#health.sinceMs : this.#now(),
      reason,
    };
  }
}

/** The client passed a partition over, as one that its topic does not have (any more). */
class Unanswered extends Error {
  readonly type = 'UNKNOWN_TOPIC_OR_PARTITION';
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
