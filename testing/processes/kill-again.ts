import { Random } from '../../src/simulator/market/random.ts';
import { until } from '../tools/until.ts';
import type { PipelineProcess } from './pipeline-process.ts';

/** Every third time it is killed while it starts, so long after that, milliseconds; else under load, so long after it serves. */
const STARTING_MS = 4000;
const SERVING_MS = 3000;
const SERVES_WITHIN_MS = 30_000;

export interface KillOptions {
  readonly kills: number;
  /** Decides the moments. */
  readonly seed: number;
  /** By default: a venue is the active one. */
  readonly serves?: (process: PipelineProcess) => boolean;
}

/**
 * Kills the pipeline again and again and starts it each time; gives the last one, which runs on.
 * @throws Error where it ends by itself or does not come to serve.
 */
export async function killAgainAndAgain(
  running: PipelineProcess,
  start: () => PipelineProcess,
  { kills, seed, serves = ({ activeVenue }) => activeVenue !== undefined }: KillOptions,
): Promise<PipelineProcess> {
  const random = new Random(seed);
  let process = running;
  for (let kill = 0; kill < kills; kill++) {
    const starting = kill % 3 === 2;
    const afterMs = random.below(starting ? STARTING_MS : SERVING_MS);
    const killed = process;
    if (!starting) await killed.until(() => serves(killed), 'a venue serves', SERVES_WITHIN_MS);
    const at = performance.now() + afterMs;
    await until(() => !killed.running || performance.now() >= at, { timeoutMs: afterMs + 5000, everyMs: 5 });
    if (!killed.running) throw new Error(`the pipeline ended by itself, with code ${await killed.exited}`);
    await killed.kill();
    process = start();
  }
  return process;
}
