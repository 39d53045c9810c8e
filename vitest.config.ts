import { defineConfig } from 'vitest/config';

/**
 * Two groups, one after the other: what is pure runs on all cores; what uses sockets, brokers and clocks
 * runs a file at a time, so that its deadlines mean something on two cores.
 */
export default defineConfig({
  test: {
    globalSetup: 'test/support/kafka/shared-broker.ts',
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/browser/**'],
          testTimeout: 15_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
