import type { Config } from '../../config/config.ts';
import type { KafkaLog } from '../../kafka/config.ts';
import { createLog, type Logger } from '../../telemetry/log.ts';
import type { Output } from '../arguments/command.ts';

/** The log of a command that shows its progress on a terminal: JSON lines, and none where a person watches. */
export function commandLog(err: Output, { log: { level } }: Config): Logger {
  const destination = { write: (json: string) => void err.write(json) };
  return createLog({ level: err.isTerminal ? 'silent' : level, destination });
}

/** What the Kafka client complains of, as text lines; the rest is not shown. */
export function kafkaComplaints(err: Output): KafkaLog {
  return (level, message) => {
    if (level === 'error') void err.write(`market-feed: kafka: ${message}\n`);
  };
}
