import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startCluster } from '../../src/cluster/cluster.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { FolderInUse } from '../../src/sinks/folder-fault.ts';
import { lockFolder } from '../../src/sinks/lock-folder.ts';
import { createLog } from '../../src/telemetry/log.ts';

it('an instance does not join the group if another process uses its folder for spills', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-cluster-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const kafka = { brokers: ['127.0.0.1:9'] };
  const config = loadConfig({ values: { coins: ['BTC'], kafka, spill: { dir }, cluster: { enabled: true } } });
  const start = (signal: AbortSignal) => startCluster(config, { log: createLog({ level: 'silent' }), signal });
  const unlock = lockFolder(dir);
  await expect(start(new AbortController().signal)).rejects.toThrow(FolderInUse);
  unlock();
  // The start that ends while it waits for the brokers unlocks the folder.
  await expect(start(AbortSignal.abort('the test is over'))).rejects.toBe('the test is over');
  lockFolder(dir)();
});
