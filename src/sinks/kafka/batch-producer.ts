import type { TopicLayout } from '../../kafka/topic-layout.ts';
import type { Health, Outcome } from '../contract.ts';

/** An encoded record. */
export interface Message {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
}

/** The one way to Kafka's topics; a client library stands behind it. Driven with one `produce` at a time. */
export interface BatchProducer {
  /** Shuts former writers out of the topics and connects. Rejects with a Fault. */
  open(layouts: ReadonlyMap<string, TopicLayout>): Promise<void>;
  /**
   * One outcome per message, once each is certain. Takes as long as the brokers are away; `close` ends it. Former writers
   * are shut out of a topic that is new here before anything is sent.
   */
  produce(messages: readonly Message[], layouts: ReadonlyMap<string, TopicLayout>): Promise<readonly Outcome[]>;
  health(): Health;
  /** Ends what is under way (its outcome is `retry`) and every connection. */
  close(): Promise<void>;
}
