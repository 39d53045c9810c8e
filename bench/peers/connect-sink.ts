import { setImmediate, setTimeout } from 'node:timers/promises';
import { Kafka, logLevel, type Message, Partitioners } from 'kafkajs';

/** As in baseline/script.ts. */
const BATCH_MS = 5;
const MAX_BATCH = 4000;

/** A trade as it is sent, in JSON. `id`: the venue's. `timestamp`: milliseconds since 1970. */
export interface SentTrade {
  readonly symbol: string;
  readonly id: string | undefined;
  readonly side: string;
  readonly price: number;
  readonly amount: number;
  readonly timestamp: number;
}

/**
 * Connects kafkajs for a library that has no sink of its own, and returns a function that sends a trade. Like
 * baseline/script.ts, it sends a batch every 5 ms, and ends the process after SIGTERM.
 */
export async function connectSink(broker: string, topic: string): Promise<(trade: SentTrade) => void> {
  const kafka = new Kafka({ clientId: 'peer', brokers: [broker], logLevel: logLevel.ERROR });
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  const waiting: Message[] = [];
  let open = true;
  process.on('SIGTERM', () => {
    open = false;
  });

  async function sendBatches(): Promise<never> {
    while (open || waiting.length > 0) {
      const startedAt = performance.now();
      const messages = waiting.splice(0, MAX_BATCH);
      if (messages.length > 0) await producer.send({ topic, messages });
      const left = BATCH_MS - (performance.now() - startedAt);
      await (left < 1 ? setImmediate() : setTimeout(left));
    }
    process.exit(0);
  }

  sendBatches().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  return (trade) => void waiting.push({ key: trade.symbol, value: JSON.stringify(trade) });
}
