import { onTestFinished } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from './fake-io.ts';

/** A `market-feed` command that runs in the process of the test. */
export interface CommandHere {
  /** Output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Waits for an event in the log. @throws Error with the log after 60 s */
  logged(event: string): Promise<void>;
  /** Stops the command, as Ctrl-C does. Returns the exit code. */
  stop(): Promise<number>;
  /** The exit code. */
  readonly exited: Promise<number>;
}

/**
 * Runs `market-feed ARGUMENTS` in the process of the test, with its environment. It stops when the test ends, so that no
 * later test of this process meets it. Call it within a test.
 */
export function startHere(...args: readonly string[]): CommandHere {
  const stopping = new AbortController();
  const io = { ...fakeIo(process.env), signal: stopping.signal };
  const exited = dispatch([...args], io);
  const stop = () => {
    stopping.abort('the test is over');
    return exited;
  };
  onTestFinished(async () => void (await stop()));
  return {
    get stdout() {
      return io.out.text();
    },
    get stderr() {
      return io.err.text();
    },
    async logged(event) {
      const isThere = () => io.err.text().includes(`"event":"${event}"`);
      await until(isThere, { timeoutMs: 60_000, message: () => `${event} in the log:\n${io.err.text()}` });
    },
    stop,
    exited,
  };
}
