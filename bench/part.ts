/** Runs a part of the benchmark in a process of its own, and sends its result to `make bench`. */
import { fork } from 'node:child_process';

/** What was measured, the value found, and its target. */
export interface TargetResult {
  readonly measured: string;
  readonly found: string;
  readonly target: string;
  readonly met: boolean;
}

/** The result of one part of the benchmark. */
export interface Part {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly targets: readonly TargetResult[];
}

/** Prints the results, sends them to the parent process, and exits: with 1 if a target is missed. */
export async function reportPart(part: Part): Promise<never> {
  console.log(`\n${part.text}\n`);
  for (const { measured, found, target, met } of part.targets)
    console.log(`${measured}: ${found} (${target}, ${met ? 'met' : '**missed**'})`);
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(part, () => resolve());
  });
  process.exit(part.targets.every(({ met }) => met) ? 0 : 1);
}

/** Runs a part in a process of its own. Rejects if the process ends without sending a result. */
export function runPart(file: string, args: readonly string[] = []): Promise<Part> {
  const child = fork(file, [...args], { execArgv: ['--disable-warning=TimeoutNegativeWarning'] });
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    let received: Part | undefined;
    child.on('message', (part: Part) => {
      received = part;
    });
    child.once('exit', (code) => {
      process.off('exit', kill);
      if (received === undefined) reject(new Error(`${file} ended with exit code ${code} and sent no result`));
      else resolve(received);
    });
  });
}
