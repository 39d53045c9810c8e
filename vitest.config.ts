import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs that tests start do not contend for the gateway's port; those that are about it say so. */
const noGateway = { MARKET_FEED__GATEWAY__ENABLED: 'false' };

/** Each of some hundred processes would take the types out of the same files again. */
const compiledOnce = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') };

/** A condition that is waited for proves nothing by coming soon. */
const patient = { poll: { timeout: 30_000 } };

/** What uses sockets, brokers and clocks mostly waits: three more at a time than there are cores. */
const maxWorkers = availableParallelism() + 3;

const minutes = { testTimeout: 120_000, hookTimeout: 120_000 };

/** The tests' own brokers, killed and started: in the suite other tests do that to them. */
const onlyLong = ['test/integration/kafka-broker.test.ts'];

/** It measures, so it runs after all others, alone. */
const measured = 'test/integration/latency.test.ts';

/** They take longest, whatever else runs. One that begins last would run alone at the end. */
const LONGEST = [
  'browser/dashboard',
  'integration/kafka-faults',
  'integration/history',
  'integration/kafka-fence',
  'integration/record-and-replay',
  'integration/live-check',
  'integration/package',
  'integration/kafka-secure',
  'integration/kill',
  'integration/failover',
  'integration/gap-repair',
].map((name) => `test/${name}.test.ts`);

/** The longest files first, then what waits, then what is pure: that fills the cores while the last ones wait. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      if (found >= 0) return found;
      return LONGEST.length + (project.name === 'unit' ? 1 : 0);
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

/** They replace a module for the whole process: each gets one of its own. The other unit tests share some. */
const MOCKING = globSync('test/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  readFileSync(join(import.meta.dirname, file), 'utf8').includes('vi.mock('),
);

const unit = {
  env: { ...noGateway, ...compiledOnce },
  setupFiles: 'testing/properties/setup.ts',
  expect: patient,
  testTimeout: 60_000,
  maxWorkers,
};

/** What is pure; what uses sockets, brokers and clocks; what uses a browser: all beside each other. */
const suite = [
  {
    test: {
      ...unit,
      name: 'unit',
      include: ['test/**/*.test.ts'],
      exclude: ['test/integration/**', 'test/browser/**', ...MOCKING],
      isolate: false,
    },
  },
  { test: { ...unit, name: 'unit-mocks', include: MOCKING } },
  {
    test: {
      name: 'integration',
      env: { ...noGateway, ...compiledOnce },
      expect: patient,
      include: ['test/integration/**/*.test.ts'],
      exclude: [...onlyLong, measured],
      // A worker runs several files, so that it loads the source once.
      isolate: false,
      ...minutes,
      maxWorkers,
    },
  },
  {
    test: {
      name: 'browser',
      env: compiledOnce,
      include: ['test/browser/**/*.test.ts'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      maxWorkers,
    },
  },
  {
    test: {
      name: 'measured',
      env: { ...noGateway, ...compiledOnce },
      include: [measured],
      ...minutes,
      fileParallelism: false,
      sequence: { groupOrder: 1 },
    },
  },
];

/** Tests that are short in the suite or have wider limits there (testing/tools: is-long.ts, limit-ms.ts). */
const SHORTER_IN_SUITE = globSync('test/{integration,browser}/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  /isLong|limitMs/.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
);

/** These tests at full length and with the limits that users rely on, one after the other: `make faults`. */
const long = {
  test: {
    name: 'long',
    env: { ...noGateway, MARKET_FEED_LONG_TESTS: 'true' },
    expect: patient,
    include: [...onlyLong, ...SHORTER_IN_SUITE],
    ...minutes,
    fileParallelism: false,
  },
};

export default defineConfig({
  test: {
    globalSetup: 'testing/kafka/shared-broker.ts',
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: process.env.MARKET_FEED_LONG_TESTS === 'true' ? [long] : suite,
  },
});
