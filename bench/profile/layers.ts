import { readFile, rename } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../testing/tools/until.ts';
import { cpuSecondsOf, mainThreadSecondsOf } from '../process-usage.ts';

/** The layer of a function, by a part of its file's URL. The first match counts. */
const LAYERS: readonly (readonly [part: string, layer: string])[] = [
  ['/node_modules/ws/', 'ws: frames of WebSockets'],
  ['/node_modules/kafkajs/', 'Kafka client'],
  ['/node_modules/@platformatic/', 'Kafka client'],
  ['/src/kafka/', 'Kafka client'],
  ['/node_modules/avsc/', 'encoding'],
  ['/src/codec/', 'encoding'],
  ['/src/venues/', 'decoding, validation'],
  ['/src/net/', 'decoding, validation'],
  ['/src/sinks/', 'sinks and their queues'],
  ['/src/avro-file/', 'sinks and their queues'],
  ['/src/market/', 'statistics'],
  ['/src/feed/analytics/', 'statistics'],
  ['/src/operators/window', 'statistics'],
  ['/src/', 'feed: order of trades, lines, failover'],
  ['/node_modules/rxjs/', 'rxjs'],
  ['node:', 'Node: sockets, streams, timers'],
  ['/bench/', 'the profiler'],
];
const KERNEL = 'kernel, for the main thread: sockets, timers';
const PROGRAM = 'V8, libuv';
const COLLECTOR = 'garbage collector, main thread';
const OTHER_THREADS = "other threads: V8's garbage collector and compiler, libuv";
/** Names that the profiler gives to time outside of functions. */
const STATES: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', COLLECTOR],
  ['(program)', PROGRAM],
  ['(root)', PROGRAM],
]);
/**
 * Entries of the profile whose time does not count. In `(idle)` the main thread does nothing. The other entries are
 * calls of the kernel, whose CPU is counted separately.
 */
const WAITING = new Set(['(idle)', 'writeBuffer', 'writev', 'writeLatin1String', 'writeUtf8String']);
const PROFILE_WITHIN_MS = 20_000;

/** Text under a table of layers. */
export const LAYERS_NOTE =
  "The operating system measures the CPU of each thread and of the kernel.\nV8's sampling profiler splits the main thread's CPU outside the kernel into the other rows.";

/** Microseconds of CPU by layer. */
export type Layers = ReadonlyMap<string, number>;

/** Measures where a process spends CPU. Start the process with `flags` and `environment`. */
export class ProfiledProcess {
  readonly #path: string;
  readonly #file: string;
  #profiles = 0;

  /** Writes numbered profiles to the folder. */
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
   * Measures CPU twice for the given time: first the operating system's count per thread, then a profile. The profile
   * only splits the main thread's user time, so its own cost is not counted. Also returns how much `made` rose during
   * the first part.
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

/** Splits a profile's samples by layer. V8's own functions belong to the layer of their caller. */
export function layersOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const layerOf = new Map<number, string | undefined>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const name = ({ id, callFrame, children = [] }: Profiler.ProfileNode, caller: string): void => {
    const { functionName, url } = callFrame;
    const layer = STATES.get(functionName) ?? layerOfFile(url) ?? caller;
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
    // A delta is the time since the previous sample.
    if (layer !== undefined) layers.set(layer, (layers.get(layer) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  });
  return layers;
}

function layerOfFile(url: string): string | undefined {
  return LAYERS.find(([part]) => url.includes(part))?.[1];
}

/**
 * A Markdown table: microseconds of CPU a trade by layer, largest first. Each column is a profile with the number of
 * trades made during it.
 */
export function layersTable(
  columns: readonly { readonly title: string; readonly layers: Layers; readonly trades: number }[],
): string {
  const total = (layer: string) => columns.reduce((sum, { layers }) => sum + (layers.get(layer) ?? 0), 0);
  const names = [...new Set(columns.flatMap(({ layers }) => [...layers.keys()]))].sort((a, b) => total(b) - total(a));
  const row = (title: string, of: (layers: Layers) => number) =>
    `| ${[title, ...columns.map(({ layers, trades }) => (of(layers) / trades).toFixed(2))].join(' | ')} |`;
  return [
    `| ${['CPU of a trade, µs', ...columns.map(({ title }) => title)].join(' | ')} |`,
    `| --- |${' --: |'.repeat(columns.length)}`,
    ...names.map((name) => row(name, (layers) => layers.get(name) ?? 0)),
    row('all', (layers) => [...layers.values()].reduce((sum, micros) => sum + micros, 0)),
  ].join('\n');
}
