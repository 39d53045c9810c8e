import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { beforeAll, beforeEach, type RunnerTask } from 'vitest';
import { root } from '../tools/tools.ts';
import { type FuzzCase, readFuzzCases } from './fuzz-cases.ts';
import { isFuzz, setCurrentSeed, testSeed } from './seeds.ts';

// Vitest runs this before each test file. Property tests draw from one seed. A test with fuzz cases runs again for each
// case, except under `make fuzz`, which looks for new cases.

/** Null in a file that has no property tests: loading fast-check costs 0.1 s. */
let fastCheck: typeof import('fast-check') | null = null;
const casesOf = new Map<string, readonly FuzzCase[]>();

// biome-ignore lint/correctness/noEmptyPattern: the empty pattern shows vitest that the hook needs no fixture
beforeAll(async ({}, { file }) => {
  if (readFileSync(file.filepath, 'utf8').includes("from 'fast-check'")) fastCheck = await import('fast-check');
  const path = relative(root, file.filepath);
  const own = isFuzz ? [] : readFuzzCases().filter((each) => each.file === path);
  if (own.length > 0) for (const task of file.tasks) repeatFor(task, own, '');
});

function repeatFor(task: RunnerTask, cases: readonly FuzzCase[], group: string): void {
  const name = `${group}${task.name}`;
  if (task.type === 'suite') {
    for (const each of task.tasks) repeatFor(each, cases, `${name} > `);
    return;
  }
  const own = cases.filter((each) => each.test === name);
  if (own.length === 0) return;
  casesOf.set(task.id, own);
  task.repeats = own.length;
}

beforeEach(({ task }) => {
  const found = casesOf.get(task.id)?.[(task.result?.repeatCount ?? 0) - 1];
  const { seed, path } = found ?? { seed: testSeed };
  setCurrentSeed(seed);
  // The types of fast-check's global parameters do not have `path`.
  const parameters = path === undefined ? { seed } : { seed, path };
  fastCheck?.configureGlobal(parameters);
});
