import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A long-lived helper process of a test. */
export interface GuardedProcess {
  readonly running: boolean;
  /** Sends the signal; resolves when the process is gone. */
  end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A shell script: starts the command in its arguments, prints its process id, and kills it when stdin ends. */
const guard = `exec 3<&0; "$@" </dev/null >>"$GUARDED_LOG" 2>&1 & pid=$!; echo "$pid"
{ cat <&3 >/dev/null; kill -9 "$pid"; } & wait "$pid"`;

/** Starts a process that does not outlive this one, however this one ends; its output is appended to the file. */
export async function startGuarded(command: readonly string[], logFile: string): Promise<GuardedProcess> {
  const shell = spawn('bash', ['-c', guard, 'guard', ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, GUARDED_LOG: logFile },
  });
  let running = true;
  const exited = new Promise<void>((resolve, reject) => {
    shell.once('error', reject);
    shell.once('exit', () => {
      running = false;
      shell.stdin.destroy();
      resolve();
    });
  });
  const lines = createInterface({ input: shell.stdout });
  const pid = await Promise.race([
    new Promise<number>((resolve) => lines.once('line', (line) => resolve(Number(line)))),
    exited.then(() => 0),
  ]);
  lines.close();
  return {
    get running() {
      return running;
    },
    async end(signal) {
      if (running && pid > 0) process.kill(pid, signal);
      await exited;
    },
  };
}
