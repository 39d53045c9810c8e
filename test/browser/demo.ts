import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../src/gateway/api/feed-answers.ts';
import { freePort } from '../../testing/processes/free-port.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

/** `market-feed demo` as a user starts it, on free ports. */
export class Demo {
  readonly #port: number;
  readonly #simulatorPort: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #said = '';

  private constructor(port: number, simulatorPort: number, folder: string) {
    this.#port = port;
    this.#simulatorPort = simulatorPort;
    this.#folder = folder;
  }

  /** Resolves when every coin has a price. */
  static async start(): Promise<Demo> {
    const folder = await mkdtemp(join(tmpdir(), 'market-feed-dashboard-'));
    const demo = new Demo(await freePort(), await freePort(), folder);
    await demo.run();
    return demo;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async run(): Promise<void> {
    const ports = ['--port', String(this.#port), '--simulator-port', String(this.#simulatorPort)];
    const child = spawn(process.execPath, ['src/cli/main.ts', 'demo', ...ports, '--out', this.#folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-4000);
      });
    await until(async () => (await this.status()).coins.every(({ price }) => price !== null), {
      timeoutMs: 60_000,
      everyMs: 100,
      message: () => `the demo serves prices; it said\n${this.#said}`,
    });
  }

  async status(): Promise<Status> {
    const answer = await fetch(new URL('/api/status', this.url));
    return (await answer.json()) as Status;
  }

  /** Starts a fault at the simulated venues. */
  async fault(command: Readonly<Record<string, string | number>>): Promise<void> {
    const answer = await fetch(this.#faults, { method: 'POST', body: JSON.stringify(command) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #faults(): string {
    return `http://127.0.0.1:${this.#simulatorPort}/faults`;
  }
}
