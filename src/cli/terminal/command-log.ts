import type { Config } from '../../config/config.ts';
import type { KafkaLog } from '../../kafka/config.ts';
import { createLog, type Logger } from '../../telemetry/log.ts';
import { type Output, writeProblem } from '../arguments/command.ts';
import { visibleJson } from './terminal-text.ts';

/** The log of a command that shows its progress on a terminal: JSON lines, but none on a terminal. */
export function commandLog(err: Output, { log: { level } }: Config): Logger {
  return createLog({ level: err.isTerminal ? 'silent' : level, destination: logTo(err) });
}

/** Writes each log entry to the output. */
export function logTo(err: Output): { write(json: string): void } {
  return { write: (json) => void err.write(visibleJson(json)) };
}

/** Prints the Kafka client's errors as rows of text, and drops the rest. */
export function kafkaComplaints(err: Output): KafkaLog {
  return (level, message) => {
    if (level === 'error') void writeProblem(err, `kafka: ${message}`);
  };
}
