import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Runs that tests start do not contend for the gateway's port; those that are about it say so. */
const noGateway = { MARKET_FEED__GATEWAY__ENABLED: 'false' };

/** A condition that is waited for proves nothing by coming soon. */
const patient = { poll: { timeout: 30_000 } };

/** These mostly wait. More at a time, and their deadlines would mean less. */
const integrationWorkers = Math.min(2, availableParallelism());

const minutes = { testTimeout: 120_000, hookTimeout: 120_000 };

/** The tests' own brokers, killed and started: in the suite other tests do that to them. */
const onlyLong = ['test/integration/kafka-broker.test.ts'];

/** Three groups, one after the other: what is pure; what uses sockets, brokers and clocks; what uses a browser. */
const suite = [
  {
    test: {
      name: 'unit',
      env: noGateway,
      setupFiles: 'testing/properties/setup.ts',
      expect: patient,
      include: ['test/**/*.test.ts'],
      exclude: ['test/integration/**', 'test/browser/**'],
      testTimeout: 60_000,
      maxWorkers: '100%',
      sequence: { groupOrder: 1 },
    },
  },
  {
    test: {
      name: 'integration',
      env: noGateway,
      expect: patient,
      include: ['test/integration/**/*.test.ts'],
      exclude: onlyLong,
      ...minutes,
      maxWorkers: integrationWorkers,
      sequence: { groupOrder: 2 },
    },
  },
  {
    test: {
      name: 'browser',
      include: ['test/browser/**/*.test.ts'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      fileParallelism: false,
      sequence: { groupOrder: 3 },
    },
  },
];

/** Integration tests at full length, by `make faults`: see testing/tools/is-long.ts. */
const long = {
  test: {
    name: 'long',
    env: { ...noGateway, MARKET_FEED_LONG_TESTS: 'true' },
    expect: patient,
    include: [
      ...onlyLong,
      ...[
        'all-channels',
        'broker-restart',
        'cluster',
        'gateway-openapi',
        'kafka-faults',
        'order-books',
        'run-to-kafka',
      ].map((name) => `test/integration/${name}.test.ts`),
    ],
    ...minutes,
    fileParallelism: false,
  },
};

export default defineConfig({
  test: {
    globalSetup: 'testing/kafka/shared-broker.ts',
    pool: 'forks',
    projects: process.env.MARKET_FEED_LONG_TESTS === 'true' ? [long] : suite,
  },
});
