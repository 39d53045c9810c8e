/**
 * `make fuzz [MINUTES=N]`: property tests and virtual runs with new seeds until the time is over. It prints the seed of
 * each round and the commit; what fails becomes a case in test/fuzz-cases.json, which `make test` plays from then on.
 * The exit code is 1 if anything failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type FuzzCase, fuzzCasesFile, readFuzzCases } from '../testing/properties/fuzz-cases.ts';
import { root } from '../testing/tools/tools.ts';

const VIRTUAL_RUNS = 'test/feed/virtual-run.test.ts';
const FILES_A_ROUND = 8;

const minutes = Number(process.env.MINUTES || 10);
if (!(minutes > 0)) {
  console.error(`make fuzz MINUTES=N: found ${process.env.MINUTES}, allowed: a number above 0`);
  process.exit(2);
}
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
const folder = mkdtempSync(join(tmpdir(), 'market-feed-fuzz-'));
const properties = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => file !== VIRTUAL_RUNS && !file.startsWith('test/integration/'))
  .filter((file) => /from 'fast-check'|properties\/seeds\.ts'/.test(readFileSync(join(root, file), 'utf8')))
  .sort();

/** The fields of vitest's JSON report that this script reads. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

console.log(`commit ${commit}, ${minutes} minutes: ${properties.length} files of property tests, and virtual runs`);
const ends = performance.now() + minutes * 60_000;
let [rounds, failures] = [0, 0];
for (let next = 0; performance.now() < ends; rounds++) {
  // Every second round has virtual runs.
  if (rounds % 2 === 0) failures += await play([VIRTUAL_RUNS]);
  else {
    failures += await play(properties.slice(next, next + FILES_A_ROUND));
    next = next + FILES_A_ROUND < properties.length ? next + FILES_A_ROUND : 0;
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`${rounds} rounds, ${failures} failures, commit ${commit}`);
process.exitCode = failures > 0 ? 1 : 0;

/** Runs the files with a new seed. Returns the number of failed tests. */
async function play(files: readonly string[]): Promise<number> {
  const seed = randomInt(2 ** 31);
  const began = performance.now();
  const report = await vitest(files, seed);
  const failed = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map((result) => ({ ...result, file: relative(root, name) })),
  );
  const broken = report.testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const what = files.length === 1 ? files[0] : `${files.length} files from ${files[0]}`;
  console.log(`${failed.length + broken.length === 0 ? '✓' : '×'} seed ${seed}: ${what}, ${seconds} s`);
  for (const { name, message } of broken) console.log(`${relative(root, name)} did not run: ${message}`);
  for (const { file, ancestorTitles, title, failureMessages } of failed) {
    const test = [...ancestorTitles, title].join(' > ');
    const message = failureMessages.join('\n');
    console.log(`\n${file} > ${test}, seed ${seed}, commit ${commit}\n${message.slice(0, 4000)}\n`);
    keep({ file, test, seed, ...pathIn(message) });
  }
  return failed.length + broken.length;
}

/**
 * The path of the failed run before shrinking. fast-check prints `{ seed: 1, path: "96:0:1", endOnFailure: true }`; a
 * test without fast-check has no path.
 */
function pathIn(message: string): { readonly path?: string } {
  const path = /\bseed: -?\d+, path: "(\d+)/.exec(message)?.[1];
  return path === undefined ? {} : { path };
}

function keep(found: FuzzCase): void {
  writeFileSync(fuzzCasesFile, `${JSON.stringify([...readFuzzCases(), found], null, 2)}\n`);
  console.log(`kept in ${relative(root, fuzzCasesFile)}`);
}

async function vitest(files: readonly string[], seed: number): Promise<Report> {
  const out = join(folder, `${seed}.json`);
  const args = ['run', '--project', 'unit', '--reporter=json', `--outputFile=${out}`, ...files];
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MARKET_FEED_FUZZ_SEED: String(seed) },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  try {
    return JSON.parse(readFileSync(out, 'utf8')) as Report;
  } catch (cause) {
    throw new Error(`vitest left no report for seed ${seed}:\n${errors.slice(-4000)}`, { cause });
  }
}
