import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

/** A client as a process of its own, which has to be killed or closed. */
export class MemberProcess {
  /** The trades that it was given, SYMBOL ID. */
  readonly got: string[] = [];
  ready = false;
  /** What it wrote to stderr. */
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

  /** Asks it to close its client; its exit code, when it ended by itself. */
  async close(): Promise<number | null> {
    this.#child.stdin.write('close\n');
    return this.exited;
  }
}
