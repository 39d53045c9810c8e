import { expect, it } from 'vitest';
import { AlwaysReadTopics } from '../../../src/client/memory/always-read-topics.ts';
import { TopicReader } from '../../../src/client/reader/topic-reader.ts';
import { monotonicScheduler } from '../../../src/net/monotonic-scheduler.ts';
import { FakeSource } from '../fake-source.ts';

it('AlwaysReadTopics rejects a start after its close, without reading a topic', async () => {
  const source = new FakeSource();
  const reader = (topic: string) =>
    new TopicReader({
      topic,
      source,
      identityWindow: 1,
      warn: () => {},
      scheduler: monotonicScheduler,
      wallClockMs: () => 0,
    });
  const alwaysRead = new AlwaysReadTopics(
    { prices: reader('prices'), 'feed-status': reader('feed-status'), gaps: reader('gaps') },
    1000,
  );
  await alwaysRead.close();
  await expect(alwaysRead.start()).rejects.toThrow('the client is closed');
  expect(source.begun).toBe(0);
});
