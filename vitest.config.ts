import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Runs that tests start do not contend for the gateway's port; those that are about it say so. */
const noGateway = { MARKET_FEED__GATEWAY__ENABLED: 'false' };

/** A condition that is waited for proves nothing by coming soon. */
const patient = { poll: { timeout: 30_000 } };

/** These mostly wait. More at a time, and their deadlines would mean less. */
const integrationWorkers = Math.min(2, availableParallelism());

/** Three groups, one after the other: what is pure; what uses sockets, brokers and clocks; what uses a browser. */
export default defineConfig({
  test: {
    globalSetup: 'testing/kafka/shared-broker.ts',
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          env: noGateway,
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
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
    ],
  },
});
