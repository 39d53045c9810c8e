import { describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../../src/codec/environment-topics.ts';
import { Checkpoints } from '../../../src/sinks/resume/checkpoints.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { samplePosition } from '../../../testing/records/sample-records.ts';

const KINDS = ['trade'] as const;
const ofBinance = { venue: 'binance', symbol: 'BTCUSDT', epoch: 1 } as const;
const position = (over: { epoch?: number; tradeId?: string } = {}) =>
  samplePosition({ ...ofBinance, tradeId: '500', ...over });

describe('Checkpoints', () => {
  it('resumes the latest epoch of each symbol, or of each venue and symbol in mode "all"', () => {
    const positions = [position({ epoch: 3 }), samplePosition({ ...ofBinance, venue: 'bybit', epoch: 4 })];
    expect([...new Checkpoints(positions, KINDS).resumable()]).toEqual(['bybit:BTCUSDT']);
    const all = new Checkpoints(positions, KINDS, marketKeyOf('all'));
    expect([...all.resumable()]).toEqual(['binance:BTCUSDT', 'bybit:BTCUSDT']);
  });

  it('resumes a later epoch that has trades but no position record', () => {
    const checkpoints = new Checkpoints([position({ epoch: 3, tradeId: '100' })], KINDS);
    checkpoints.add(tradeEvent(200, { ...ofBinance, epoch: 4 }));
    checkpoints.add(tradeEvent(101, { ...ofBinance, epoch: 3 }));
    expect(checkpoints.all()).toMatchObject([{ epoch: 4, last: { id: '200' } }]);
  });
});
