import type { Config } from '../../config/config.ts';
import type { KafkaLog } from '../../kafka/config.ts';
import { createLog, type Logger } from '../../telemetry/log.ts';
import type { Output } from '../arguments/command.ts';

/** The log of a command that shows its progress on a terminal: JSON lines, but none on a terminal. */
export function commandLog(err: Output, { log: { level } }: Config): Logger {
  const destination = { write: (json: string) => void err.write(json) };
  return createLog({ level: err.isTerminal ? 'silent' : level, destination });
}

/** Prints the Kafka client's errors as rows of text, and drops the rest. */
export function kafkaComplaints(err: Output): KafkaLog {
  return (level, message) => {
    if (level === 'error') void err.write(`market-feed: kafka: ${message}\n`);
  };
}
