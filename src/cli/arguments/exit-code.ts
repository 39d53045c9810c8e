import { ConfigError } from '../../config/problem.ts';
import { Fault } from '../../domain/fault.ts';
import { isFenced } from '../../kafka/kafka-error.ts';
import { FolderInUse } from '../../sinks/folder-fault.ts';
import { UsageError } from './command.ts';

/**
 * The exit code of a command that ends with this error: 2 for wrong usage or configuration, such as a folder that is in
 * use; 1 for most others. 3 means that another writer has taken over: after a restart, the two would take over from
 * each other for ever.
 */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (error instanceof ConfigError || error instanceof UsageError || error instanceof FolderInUse) return 2;
  return error instanceof Fault && isFenced(error.cause) ? 3 : 1;
}
