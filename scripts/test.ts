/**
 * Runs every check and every test. The last line is only `N passed, N failed, N skipped`; the exit code is 1 if
 * anything failed. A check (lint, types, …) counts as one test. Missing tools fail with their name; skipped tests are
 * listed. First it prepares what the tests need. The checks run at the same time as the preparation and the tests,
 * which mostly wait.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { startVitest } from 'vitest/node';
import { prepareBroker } from '../testing/kafka/kafka-broker.ts';
import { nodeOfVersion, OLDEST_NODE } from '../testing/processes/node-version.ts';
import { prepareChromium } from '../testing/tools/chromium.ts';
import { preparePromtool } from '../testing/tools/promtool.ts';
import { preparePython } from '../testing/tools/python.ts';
import { Totals } from './totals.ts';

interface Check {
  readonly name: string;
  /** Resolves if the check passes; rejects with the text to print. */
  readonly run: () => Promise<void>;
}

const cruised = ['src', 'dashboard', 'test', 'testing', 'scripts', 'bench', 'examples'].filter((folder) =>
  existsSync(folder),
);

/** Prepares what the tests need; mostly downloads, and only the first time. */
const preparations: readonly Check[] = [
  { name: 'the dashboard builds (esbuild)', run: () => node('scripts/build-dashboard.ts') },
  { name: 'Kafka for the tests', run: prepareBroker },
  { name: 'Python for the scripts of testing/python', run: preparePython },
  { name: 'a browser for the dashboard', run: prepareChromium },
  { name: 'promtool for the alert rules', run: preparePromtool },
  { name: `Node ${OLDEST_NODE} for the package`, run: async () => void (await nodeOfVersion(OLDEST_NODE)) },
];

/** The compiler's version 7. Two packages have a command `tsc`, so it is named by its file. */
const TSC = 'node_modules/typescript-7/bin/tsc';
/** Each checker of the compiler checks the types that its files use again. The tests use the other cores. */
const ONE_CHECKER = ['--checkers', '1'];

/** There is no check for the build: the test of the package builds, packs and runs it. */
const checks: readonly Check[] = [
  { name: 'lint and format (Biome)', run: () => tool('biome', 'check', '--error-on-warnings', '.') },
  { name: 'import rules (dependency-cruiser)', run: () => tool('depcruise', ...cruised) },
  { name: 'sizes and names (check-structure)', run: () => node('scripts/check-structure.ts') },
  { name: 'the way of a trade (check-way)', run: () => node('scripts/check-way.ts') },
  { name: 'the words of the glossary (check-language)', run: () => node('scripts/check-language.ts') },
  { name: 'record types are those of the schemas', run: () => node('scripts/generate-records.ts', '--check') },
  { name: 'types (tsc)', run: () => node(TSC, '-p', '.', ...ONE_CHECKER) },
  { name: 'types of the dashboard (tsc)', run: () => node(TSC, '-p', 'dashboard', ...ONE_CHECKER) },
  { name: 'how few types are any (check-any)', run: () => node('scripts/check-any.ts') },
];

function tool(name: string, ...args: string[]): Promise<void> {
  return node(`node_modules/.bin/${name}`, ...args);
}

const { FORCE_COLOR: _, ...inherited } = process.env;
/** GOGC: the compiler is written in Go. With more memory it spends a fifth less CPU time on garbage. */
const plain = { ...inherited, NO_COLOR: '1', GOGC: '400' };

async function node(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: plain });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code !== 0) throw new Error(`${out}${errors}`.trim() || `exit code ${code}`);
}

/** Runs the checks in their order, `atATime` of them at once. */
async function runChecks(all: readonly Check[], atATime: number): Promise<void> {
  const waiting = [...all];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const started = performance.now();
      const failure = await check.run().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        failure === undefined ? `✓ ${check.name} ${seconds} s` : `× ${check.name} ${seconds} s\n${failure}\n`,
      );
      if (failure === undefined) totals.passed += 1;
      else totals.failures.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

function end(): never {
  for (const name of totals.skips) console.log(`skipped: ${name}`);
  for (const name of totals.failures) console.log(`failed: ${name}`);
  console.log(`${totals.passed} passed, ${totals.failures.length} failed, ${totals.skips.length} skipped`);
  process.exit(totals.failures.length > 0 ? 1 : 0);
}

const totals = new Totals(end);
const checked = runChecks(checks, 1);
await runChecks(preparations, preparations.length);
const vitest = await startVitest('test', [], { watch: false, reporters: ['default', totals] });
await vitest.close();
await checked;
end();
