import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools/tools.ts';

/** A failure that `make fuzz` found. The suite plays it again each time. */
export interface FuzzCase {
  /** From the repository's top. */
  readonly file: string;
  /** The test with its groups, as vitest names it: `group > test`. */
  readonly test: string;
  readonly seed: number;
  /** Of a property, as fast-check prints it: the run that failed. */
  readonly path?: string;
}

export const fuzzCasesFile: string = join(root, 'test/fuzz-cases.json');

export function readFuzzCases(): FuzzCase[] {
  return JSON.parse(readFileSync(fuzzCasesFile, 'utf8')) as FuzzCase[];
}
