import { setTimeout as delay } from 'node:timers/promises';
import type { Part } from '../part.ts';
import { memoryOf } from '../process-usage.ts';
import { isFlat, type Sample, slopeOf } from '../slope.ts';

const SAMPLE_EVERY_MS = 2000;
/** Share of the run that counts as warm-up: code is compiled, histories fill. */
const WARM_UP_SHARE = 1 / 3;

/** Reads the resident memory of a process for some minutes, in MiB and minutes; ends early if the process ends. */
export async function followMemory(pid: number, minutes: number, isRunning: () => boolean): Promise<Sample[]> {
  const samples: Sample[] = [];
  const until = performance.now() + minutes * 60_000;
  while (performance.now() < until && isRunning()) {
    await delay(SAMPLE_EVERY_MS);
    if (isRunning()) samples.push({ at: performance.now() / 60_000, value: (await memoryOf(pid)).now });
  }
  return samples;
}

/** What was measured, and how. */
export interface MemoryRun {
  readonly title: string;
  /** For the names of the targets, for example `run`. */
  readonly program: string;
  /** Markdown: what ran, and the command. */
  readonly text: string;
  readonly minutes: number;
  readonly maxMiB: number;
}

export function memoryPart({ title, program, text, minutes, maxMiB }: MemoryRun, samples: readonly Sample[]): Part {
  const slope = slopeOf(samples.slice(Math.floor(samples.length * WARM_UP_SHARE)));
  const growth = (mebibytes: number) => `${mebibytes.toPrecision(3)} MiB`;
  const highest = Math.max(...samples.map(({ value }) => value));
  return {
    title,
    text: [
      text,
      '',
      '| resident memory | value |',
      '| --- | --: |',
      `| highest | ${highest.toFixed(0)} MiB |`,
      `| median | ${slope.level.toFixed(1)} MiB |`,
      `| growth a minute | ${growth(slope.median)} |`,
      `| 95 % interval of the growth a minute | ${growth(slope.low)} to ${growth(slope.high)} |`,
      '',
      `Median and growth are from ${slope.samples} samples, without the first third of the run.`,
    ].join('\n'),
    targets: [
      {
        measured: `highest resident memory of \`${program}\` in ${minutes} minutes, MiB`,
        found: highest.toFixed(0),
        target: `≤ ${maxMiB}`,
        met: highest <= maxMiB,
      },
      {
        measured: `growth of the resident memory of \`${program}\` in ${minutes} minutes`,
        found: `${growth(slope.median)} a minute`,
        target: 'none',
        met: isFlat(slope),
      },
    ],
  };
}
