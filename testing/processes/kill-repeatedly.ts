import { Random } from '../../src/simulator/market/random.ts';
import { until } from '../tools/until.ts';
import type { PipelineProcess } from './pipeline-process.ts';

/* Kills a pipeline at random moments, and starts it again each time. */

/**
 * The second kill, and each third one after it, comes while the pipeline starts: at most this long after the start,
 * milliseconds.
 */
const STARTING_MS = 4000;
/** The other kills come under load, at most this long after the pipeline serves, milliseconds. */
const SERVING_MS = 3000;
const SERVES_WITHIN_MS = 30_000;

export interface KillOptions {
  readonly kills: number;
  /** Seed for the moments of the kills. */
  readonly seed: number;
  /** True if the pipeline serves. Default: it has an active venue. */
  readonly serves?: (process: PipelineProcess) => boolean;
}

/**
 * Kills the pipeline several times, and starts it again after each kill. Returns the last process, which still runs.
 * @throws Error if a process ends by itself, or does not serve in time.
 */
export async function killRepeatedly(
  running: PipelineProcess,
  start: () => PipelineProcess,
  { kills, seed, serves = ({ activeVenue }) => activeVenue !== undefined }: KillOptions,
): Promise<PipelineProcess> {
  const random = new Random(seed);
  let process = running;
  for (let kill = 0; kill < kills; kill++) {
    const starting = kill % 3 === 1;
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
