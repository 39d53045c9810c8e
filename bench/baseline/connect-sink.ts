import { setImmediate, setTimeout } from 'node:timers/promises';
import { Kafka, logLevel, type Message, Partitioners } from 'kafkajs';

const BATCH_MS = 5;
/**
 * Largest number of messages in a request. After a program falls behind, a larger request would end it, because the
 * broker refuses such requests.
 */
const MAX_BATCH = 4000;

/**
 * Connects kafkajs, and returns a function that sends a message. One batch is sent every 5 ms, or as soon as the
 * previous one is acknowledged. Ends the process after SIGTERM, when all messages are sent, or when a request fails.
 */
export async function connectSink(broker: string, topic: string): Promise<(message: Message) => void> {
  const kafka = new Kafka({ clientId: 'bench', brokers: [broker], logLevel: logLevel.ERROR });
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
  return (message) => void waiting.push(message);
}
