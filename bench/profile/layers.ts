import { readFile, rename } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../testing/tools/until.ts';
import { cpuSecondsOf, mainThreadSecondsOf } from '../process-figures.ts';

/** Who a function belongs to, by a part of its file's address; the first that is found. */
const LAYERS: readonly (readonly [part: string, layer: string])[] = [
  ['/node_modules/ws/', 'ws: frames of WebSockets'],
  ['/node_modules/kafkajs/', 'Kafka client'],
  ['/node_modules/@platformatic/', 'Kafka client'],
  ['/src/kafka/', 'Kafka client'],
  ['/node_modules/avsc/', 'encoding'],
  ['/src/codec/', 'encoding'],
  ['/src/venues/', 'decoding, validation'],
  ['/src/net/', 'decoding, validation'],
  ['/src/sinks/', 'queue, ledger of losses, sinks'],
  ['/src/avro-file/', 'queue, ledger of losses, sinks'],
  ['/src/market/', 'statistics'],
  ['/src/feed/analytics/', 'statistics'],
  ['/src/operators/window', 'statistics'],
  ['/src/', 'sequence, merging, failover, quality'],
  ['/node_modules/rxjs/', 'rxjs'],
  ['node:', 'Node: sockets, streams, timers'],
  ['/bench/', 'the profiler'],
];
const KERNEL = 'the kernel, for the main thread: sockets, timers';
const PROGRAM = 'V8, libuv';
const COLLECTOR = 'garbage collector, main thread';
const OTHER_THREADS = "other threads: V8's collector and compiler, libuv";
/** What the profiler calls time in no function. */
const STATES: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', COLLECTOR],
  ['(program)', PROGRAM],
  ['(root)', PROGRAM],
]);
/** In the profile the time in these is the kernel's, and what other processes took from it when they woke up. */
const WAITING = new Set(['(idle)', 'writeBuffer', 'writev', 'writeLatin1String', 'writeUtf8String']);
const PROFILE_WITHIN_MS = 20_000;

/** Beside a table of layers. */
export const LAYERS_NOTE =
  "CPU is measured by the operating system. V8's sampling profiler splits the main thread's CPU outside the kernel.";

/** Microseconds, by layer. */
export type Layers = ReadonlyMap<string, number>;

/** Where the CPU of a process goes. Of those that were started with its flags and in its environment. */
export class ProfiledProcess {
  readonly #path: string;
  readonly #file: string;
  #profiles = 0;

  /** Its profiles are in the folder, numbered. */
  constructor(folder: string, name: string) {
    this.#path = join(folder, name);
    this.#file = `${this.#path}.cpuprofile`;
  }

  /** Flags for its Node. */
  get flags(): readonly string[] {
    return ['--import', join(import.meta.dirname, 'preload.js')];
  }

  get environment(): Readonly<Record<string, string>> {
    return { BENCH_PROFILE: this.#file };
  }

  /**
   * Of so long: what the operating system counts for its threads; that of the main one outside the kernel is split as
   * the profiler finds it busy in as long a time afterwards. So the profiler's own cost is not in it. Beside it, by how
   * many `made` went up while the operating system counted.
   */
  async layers(
    pid: number,
    milliseconds: number,
    made: () => Promise<number>,
  ): Promise<{ readonly layers: Layers; readonly trades: number }> {
    const madeBefore = await made();
    const [allBefore, mainBefore] = [await cpuSecondsOf(pid), await mainThreadSecondsOf(pid)];
    await delay(milliseconds);
    const [all, { user, system }] = [(await cpuSecondsOf(pid)) - allBefore, await mainThreadSecondsOf(pid)];
    const trades = (await made()) - madeBefore;
    process.kill(pid, 'SIGUSR2');
    await delay(milliseconds);
    process.kill(pid, 'SIGUSR2');
    const text = await until(() => readFile(this.#file, 'utf8').catch(() => undefined), {
      timeoutMs: PROFILE_WITHIN_MS,
      message: `a profile in ${this.#file}`,
    });
    await rename(this.#file, `${this.#path}-${++this.#profiles}.cpuprofile`);
    const found = layersOf(JSON.parse(text as string) as Profiler.Profile);
    const busy = [...found.values()].reduce((sum, micros) => sum + micros, 0);
    const [userMicros, systemMicros] = [(user - mainBefore.user) * 1e6, (system - mainBefore.system) * 1e6];
    const layers = new Map([...found].map(([layer, micros]) => [layer, (micros / busy) * userMicros]));
    layers.set(KERNEL, systemMicros);
    layers.set(OTHER_THREADS, Math.max(0, all * 1e6 - userMicros - systemMicros));
    return { layers, trades };
  }
}

/** Of a profile's samples. What V8 brings along counts to whoever called it. */
export function layersOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const layerOf = new Map<number, string | undefined>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const name = ({ id, callFrame, children = [] }: Profiler.ProfileNode, caller: string): void => {
    const { functionName, url } = callFrame;
    const layer = STATES.get(functionName) ?? ofFile(url) ?? caller;
    layerOf.set(id, url === '' && WAITING.has(functionName) ? undefined : layer);
    for (const child of children) {
      const node = byId.get(child);
      if (node !== undefined) name(node, layer);
    }
  };
  const [root] = nodes;
  if (root !== undefined) name(root, PROGRAM);
  const layers = new Map<string, number>();
  samples.forEach((id, index) => {
    const layer = layerOf.get(id);
    // A delta is the time from the sample before.
    if (layer !== undefined) layers.set(layer, (layers.get(layer) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  });
  return layers;
}

function ofFile(url: string): string | undefined {
  return LAYERS.find(([part]) => url.includes(part))?.[1];
}

/** Markdown: microseconds a trade by layer, most first; the columns are profiles with the trades that were made meanwhile. */
export function layersTable(
  columns: readonly { readonly title: string; readonly layers: Layers; readonly trades: number }[],
): string {
  const total = (layer: string) => columns.reduce((sum, { layers }) => sum + (layers.get(layer) ?? 0), 0);
  const names = [...new Set(columns.flatMap(({ layers }) => [...layers.keys()]))].sort((a, b) => total(b) - total(a));
  const row = (title: string, of: (layers: Layers) => number) =>
    `| ${[title, ...columns.map(({ layers, trades }) => (of(layers) / trades).toFixed(2))].join(' | ')} |`;
  return [
    `| ${['µs of CPU a trade', ...columns.map(({ title }) => title)].join(' | ')} |`,
    `| --- |${' --: |'.repeat(columns.length)}`,
    ...names.map((name) => row(name, (layers) => layers.get(name) ?? 0)),
    row('all', (layers) => [...layers.values()].reduce((sum, micros) => sum + micros, 0)),
  ].join('\n');
}
