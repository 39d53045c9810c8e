import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/tools.ts';

/** A failure that `make fuzz` found. The suite plays it again each time. */
export interface FuzzCase {
  /** Path from the root of the repository. */
  readonly file: string;
  /** The test with its groups, as vitest names it: `group > test`. */
  readonly test: string;
  readonly seed: number;
  /** Path to the failed run of a property, as fast-check prints it. */
  readonly path?: string;
}

export const fuzzCasesFile: string = join(root, 'test/fuzz-cases.json');

export function readFuzzCases(): FuzzCase[] {
  return JSON.parse(readFileSync(fuzzCasesFile, 'utf8')) as FuzzCase[];
}
