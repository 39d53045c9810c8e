import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Subject } from '../subject.ts';

export interface Market {
  readonly coin: string;
  readonly symbol: string;
}

/** What a program connects to, which markets it reads, and where it writes. */
export interface Work {
  readonly webSocket: string;
  readonly rest: string;
  readonly markets: readonly Market[];
  readonly broker: string;
  readonly topic: string;
  /** The schema of Avro records, and the header of their single-object encoding in hex. */
  readonly schemaFile: string;
  readonly header: string;
  /** The file for the program's output. */
  readonly logFile: string;
}

/** A program in another language or of another project that does the same work. Measured if this machine can run it. */
export interface Peer {
  /** Form of its records. JSON has the times of trades in milliseconds or in seconds. */
  readonly format: 'avro' | 'json' | 'json-seconds';
  /** First rate of its ramp, trades a second. */
  readonly firstStep: number;
  /** Installs or builds the program, if that has not been done. @throws Error with one line: why that is impossible */
  install(): Promise<void>;
  start(work: Work): Subject;
}

const run = promisify(execFile);
const STEP_WITHIN_MS = 300_000;

/**
 * Runs a command that installs or builds a peer.
 * @throws Error with `failure`. The command's own message can name folders of this machine, so it is only printed.
 */
export async function runStep(failure: string, command: string, args: readonly string[], cwd?: string): Promise<void> {
  try {
    await run(command, args, { cwd, timeout: STEP_WITHIN_MS });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`${command} is not installed`);
    console.error(error instanceof Error ? error.message : error);
    throw new Error(failure);
  }
}
