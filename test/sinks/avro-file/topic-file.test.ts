import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codecOf } from '../../../src/codec/avro.ts';
import { TopicFile } from '../../../src/sinks/avro-file/topic-file.ts';
import { START, testFolder } from './test-folder.ts';

it('TopicFile creates no file for an empty batch', async () => {
  const folder = join(await testFolder(), 'trades');
  const file = new TopicFile(folder, codecOf('trade'), { rotateBytes: 1000, codec: 'null', now: () => START });
  await file.append([]);
  await file.close();
  expect(await readdir(folder).catch(() => [])).toEqual([]);
});
