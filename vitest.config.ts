import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Disables the gateway in processes that tests start, so that they do not need the same port. Tests of the gateway
 * enable it.
 */
const noGateway = { MARKET_FEED__GATEWAY__ENABLED: 'false' };

/**
 * A cache of compiled files. Without it, each of several hundred processes would strip types from the same files again.
 */
const compiledOnce = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') };

/** The timeout of `expect.poll`, milliseconds. It is long, because these tests do not judge speed. */
const patient = { poll: { timeout: 30_000 } };

/**
 * Test files that run at the same time: three more than there are cores, because most files mostly wait for sockets,
 * brokers or clocks.
 */
const maxWorkers = availableParallelism() + 3;

const minutes = { testTimeout: 120_000, hookTimeout: 120_000 };

/**
 * Tests that run only under `make faults`: of the test broker itself, because other tests kill and start brokers too; of
 * kills and outages of a broker, and of instances of a cluster; of killed clients and Parquet writers, because the suite kills
 * feeds; of candles, which audits check in the suite; of rare cases of healing; of the README's faults, and of the page during
 * faults; and with Flink and tools of other languages, because they cost much CPU.
 */
const onlyLong = [
  'browser/demo',
  'browser/faults',
  'engines/flink',
  'healing/healing-cases',
  'integration/break-it',
  'integration/broker-kill',
  'integration/broker-outage',
  'integration/client-group',
  'integration/cluster',
  'integration/flink',
  'integration/kafka-broker',
  'integration/kline-check',
  'integration/other-languages',
  'integration/parquet-kill',
  'integration/registry-readers',
].map((name) => `test/${name}.test.ts`);

/** This test measures latency, so it runs alone, after all others. */
const measured = 'test/integration/latency.test.ts';

/**
 * The test files that take longest. They start first, because a long file that starts last would run alone at the end.
 */
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

/**
 * Starts the longest files first, then the other integration tests, then the unit tests. These keep the cores busy
 * while the others wait.
 */
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

/**
 * Unit tests that replace a module. This affects the whole process, so each of these files gets its own. The other unit
 * tests share processes.
 */
const MOCKING = globSync('test/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  readFileSync(join(import.meta.dirname, file), 'utf8').includes('vi.mock('),
);

/**
 * Node loads the source itself, as in production, which takes a tenth less CPU time than Vite's loader. It cannot replace
 * modules (`vi.mock`).
 */
const native = { viteModuleRunner: false, nodeLoader: false };

const unit = {
  env: { ...noGateway, ...compiledOnce },
  setupFiles: 'testing/properties/setup.ts',
  expect: patient,
  testTimeout: 60_000,
  maxWorkers,
};

/**
 * The projects of `make test`: unit tests, integration tests and browser tests at the same time, then the test that
 * measures.
 */
const suite = [
  {
    test: {
      ...unit,
      name: 'unit',
      include: ['test/**/*.test.ts'],
      exclude: [...onlyLong, 'test/integration/**', 'test/engines/**', 'test/browser/**', ...MOCKING],
      isolate: false,
      experimental: native,
    },
  },
  { test: { ...unit, name: 'unit-mocks', include: MOCKING } },
  {
    test: {
      name: 'integration',
      env: { ...noGateway, ...compiledOnce },
      expect: patient,
      include: ['test/{integration,engines}/**/*.test.ts'],
      exclude: [...onlyLong, measured],
      // A worker runs several files, so that it loads the source once.
      isolate: false,
      experimental: native,
      ...minutes,
      maxWorkers,
    },
  },
  {
    test: {
      name: 'browser',
      env: compiledOnce,
      include: ['test/browser/**/*.test.ts'],
      exclude: onlyLong,
      // A worker runs several files, so that it loads the source and starts Chromium once.
      isolate: false,
      experimental: native,
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
      experimental: native,
      ...minutes,
      fileParallelism: false,
      sequence: { groupOrder: 1 },
    },
  },
];

/** Tests that are shorter in the suite, or have wider limits there (testing/tools/is-long.ts and limit-ms.ts). */
const SHORTER_IN_SUITE = globSync('test/{cluster,feed,healing,integration,engines,browser}/**/*.test.ts', {
  cwd: import.meta.dirname,
}).filter((file) => /isLong|limitMs/.test(readFileSync(join(import.meta.dirname, file), 'utf8')));

/**
 * The project of `make faults`: these tests one after the other, at full length and with the limits that users rely on.
 */
const long = {
  test: {
    name: 'long',
    env: { ...noGateway, MARKET_FEED_LONG_TESTS: 'true' },
    expect: patient,
    experimental: native,
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
