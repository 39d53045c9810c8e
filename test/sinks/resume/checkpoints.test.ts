import { describe, expect, it } from 'vitest';
import { Checkpoints } from '../../../src/sinks/resume/checkpoints.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { samplePosition } from '../../codec/sample-records.ts';

const KINDS = ['trade'] as const;
const ofBinance = { venue: 'binance', symbol: 'BTCUSDT', epoch: 0 } as const;
const position = (over: { epoch?: number; tradeId?: string } = {}) =>
  samplePosition({ ...ofBinance, tradeId: '500', ...over });

describe('Checkpoints', () => {
  it('of a series in mode all is not told by trades of a former turn in the other mode, nor the other way round', () => {
    const all = new Checkpoints([position()], KINDS);
    for (const [id, epoch] of [[100, 3] as const, [520, 0] as const, [101, 3] as const])
      all.add(tradeEvent(id, { ...ofBinance, epoch }));
    expect(all.all()).toMatchObject([{ epoch: 0, last: { id: '520' } }]);
    const turns = new Checkpoints([position({ epoch: 3, tradeId: '100' })], KINDS);
    for (const [id, epoch] of [[90, 0] as const, [110, 3] as const]) turns.add(tradeEvent(id, { ...ofBinance, epoch }));
    expect(turns.all()).toMatchObject([{ epoch: 3, last: { id: '110' } }]);
  });

  it('goes on to a later epoch that no position tells of yet', () => {
    const checkpoints = new Checkpoints([position({ epoch: 3, tradeId: '100' })], KINDS);
    checkpoints.add(tradeEvent(200, { ...ofBinance, epoch: 4 }));
    checkpoints.add(tradeEvent(101, { ...ofBinance, epoch: 3 }));
    expect(checkpoints.all()).toMatchObject([{ epoch: 4, last: { id: '200' } }]);
  });
});
