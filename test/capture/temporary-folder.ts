import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates a folder that is deleted when the test ends. */
export async function captureFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-capture-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
