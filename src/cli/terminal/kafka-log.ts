import type { KafkaLog } from '../../kafka/config.ts';
import type { Output } from '../arguments/command.ts';

/** What the Kafka client complains of, as text lines; the rest is not shown. */
export function kafkaComplaints(err: Output): KafkaLog {
  return (level, message) => {
    if (level === 'error') void err.write(`market-feed: kafka: ${message}\n`);
  };
}
