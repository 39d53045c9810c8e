import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

/** A client in a process of its own. The test must kill or close it. */
export class MemberProcess {
  /** The trades that the client received, as SYMBOL ID. */
  readonly got: string[] = [];
  ready = false;
  /** The output to stderr. */
  complaints = '';
  readonly exited: Promise<number | null>;
  readonly #child;

  constructor(brokers: readonly string[], topicPrefix: string, group: string) {
    this.#child = spawn(process.execPath, ['test/client/member-script.ts', brokers.join(','), topicPrefix, group], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line === 'ready') this.ready = true;
      else this.got.push(line);
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
  }

  async started(): Promise<this> {
    await until(() => this.ready, { timeoutMs: 60_000, message: () => `ready: ${this.complaints}` });
    return this;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Closes the client. Returns the exit code of the process after it has ended by itself. */
  async close(): Promise<number | null> {
    this.#child.stdin.write('close\n');
    return this.exited;
  }
}
