import { ConfigError } from '../../config/problem.ts';
import { Fault } from '../../domain/fault.ts';
import { isFenced } from '../../kafka/kafka-error.ts';
import { UsageError } from './command.ts';

/**
 * The exit code of a command that ends with this error: 2 for wrong usage or configuration, 3 if another writer has taken
 * over, so that a restart would only take over from that writer again, and 1 for any other error.
 */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (error instanceof ConfigError || error instanceof UsageError) return 2;
  return error instanceof Fault && isFenced(error.cause) ? 3 : 1;
}
