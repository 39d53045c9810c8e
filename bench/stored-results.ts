/** The results of `make bench` in docs/performance.json, from which docs/performance.md is made. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measurement, Pace } from './measure.ts';
import type { Part } from './part.ts';

const file = join(import.meta.dirname, '..', 'docs', 'performance.json');

/** The measurements of each round by program; undefined for a round that failed. */
export type Results = Readonly<Record<string, readonly (Measurement | undefined)[]>>;

/** What the programs did, compared with each other, and where. */
export interface Comparison {
  /** The day of the measurement, for example `2026-11-27`. */
  readonly day: string;
  readonly runs: number;
  readonly cores: number;
  readonly node: string;
  readonly pace: Pace;
  readonly results: Results;
  /** Reasons why programs are left out. */
  readonly missing: readonly string[];
}

/** A part, with the day on which it was measured. */
export interface MeasuredPart extends Part {
  readonly day: string;
}

export interface StoredResults {
  readonly comparison: Comparison;
  /** By the part's file. */
  readonly parts: Readonly<Record<string, MeasuredPart>>;
}

/** JSON has neither undefined, which is a failed round, nor NaN, which is a value that was not measured. */
interface StoredJson {
  readonly comparison: Omit<Comparison, 'results'> & {
    readonly results: Readonly<Record<string, readonly (Readonly<Record<keyof Measurement, unknown>> | null)[]>>;
  };
  readonly parts: StoredResults['parts'];
}

/** Returns undefined if nothing is stored. */
export async function readResults(): Promise<StoredResults | undefined> {
  return existsSync(file) ? fromJson(await readFile(file, 'utf8')) : undefined;
}

export async function writeResults(stored: StoredResults): Promise<void> {
  await writeFile(file, `${JSON.stringify(stored, null, 1)}\n`);
}

export function fromJson(text: string): StoredResults {
  const { comparison, parts }: StoredJson = JSON.parse(text);
  const results = Object.entries(comparison.results).map(([name, rounds]) => [
    name,
    rounds.map((round) => (round === null ? undefined : { ...round, overloaded: round.overloaded ?? Number.NaN })),
  ]);
  return { comparison: { ...comparison, results: Object.fromEntries(results) }, parts };
}
