import { expect, it } from 'vitest';
import { recordsOf, symbolNamed, TOPIC_NAMES } from '../../src/client/topic-name.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import { sampleRecords } from '../../testing/records/sample-records.ts';

it('TOPIC_NAMES lists all topics, and recordsOf accepts only the record kind of its topic', () => {
  expect(TOPIC_NAMES).toEqual(TOPICS.map(({ name }) => name));
  for (const { name, kind } of TOPICS) {
    const isOfTopic = recordsOf(name as (typeof TOPIC_NAMES)[number], undefined);
    expect(sampleRecords.filter(isOfTopic).map((record) => record.kind)).toEqual([kind]);
  }
});

it('symbolNamed distinguishes a coin from a symbol by the quote', () => {
  expect(['BTC', 'btcusdt', 'USDT', 'USDTUSDT'].map((text) => symbolNamed(text, 'USDT'))).toEqual([
    'BTCUSDT',
    'BTCUSDT',
    'USDTUSDT',
    'USDTUSDT',
  ]);
});
