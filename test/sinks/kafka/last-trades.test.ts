import { expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { FeedRecord } from '../../../src/domain/record.ts';
import type { TopicMessage } from '../../../src/kafka/contract.ts';
import { type LastTrades, lastTradesOf } from '../../../src/sinks/kafka/last-trades.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

interface Placed {
  readonly key: string;
  /** `id@epoch`, or a text that is no record of ours. */
  readonly value: string;
  readonly at?: number;
}

/** A reader that lists the records that it decoded. */
function reader(epochs: Readonly<Record<string, number>>, from = 0, isThere = false) {
  const decoded: string[] = [];
  const decode = (value: Buffer | Fault): Promise<FeedRecord | Fault> => {
    const text = value.toString();
    decoded.push(text);
    const [id, epoch] = text.split('@');
    if (epoch === undefined) return Promise.resolve(new Fault('malformed', text));
    return Promise.resolve({ ...tradeEvent(Number(id)), epoch: Number(epoch) });
  };
  const trades = lastTradesOf(
    Object.entries(epochs).map(([key, epoch]) => [key, { epoch, isThere }]),
    from,
    decode,
  );
  return {
    trades,
    decoded,
    take: (...placed: readonly Placed[]) => trades.take(placed.map(messageOf), false),
    /** Takes the first records of the partition. */
    takeFirst: (...placed: readonly Placed[]) => trades.take(placed.map(messageOf), true),
  };
}

function messageOf({ key, value, at = 1000 }: Placed, index: number): TopicMessage {
  return { partition: 0, offset: String(index), timestamp: at, key, value: Buffer.from(value) };
}

const idsOf = ({ found }: LastTrades): string[] =>
  found.map((record) => (record.kind === 'trade' ? record.tradeId : record.kind));

it('lastTradesOf reads back until each key has its last trade, and decodes only that trade of the key', async () => {
  const { trades, decoded, take } = reader({ A: 1, B: 1 });
  expect(await take({ key: 'C', value: '7@1' }, { key: 'A', value: '4@1' }, { key: 'A', value: '5@1' })).toBe(
    'continue',
  );
  expect(await take({ key: 'B', value: '2@1' }, { key: 'A', value: '3@1' })).toBe('stop');
  expect([idsOf(trades), decoded, trades.mayMissTrades]).toEqual([['2', '5'], ['5@1', '2@1'], false]);
});

it('lastTradesOf skips foreign messages and late trades of an earlier epoch, and stops at the time limit', async () => {
  const { trades, takeFirst } = reader({ A: 3, B: 1 }, 900);
  const messages = [
    { key: 'B', value: '1@1', at: 899 },
    { key: 'A', value: '8@3' },
    { key: 'A', value: 'not ours' },
    { key: 'A', value: '6@2' },
  ];
  expect(await takeFirst(...messages)).toBe('stop');
  expect(idsOf(trades)).toEqual(['8', '6']);
  expect(trades.mayMissTrades).toBe(false);
});

it('lastTradesOf may miss trades if a sought trade is not in its partition, as it may lie in another one', async () => {
  const { trades, take } = reader({ A: 1, B: 1 }, 900, true);
  expect(await take({ key: 'B', value: '1@1', at: 899 }, { key: 'A', value: '8@1' })).toBe('stop');
  expect(trades.mayMissTrades).toBe(true);
});

it('lastTradesOf may miss trades if the partition begins before all trades are found', async () => {
  const { trades, takeFirst } = reader({ A: 1, B: 1 });
  expect(await takeFirst({ key: 'A', value: '4@1' })).toBe('continue');
  expect(trades.mayMissTrades).toBe(true);
});
