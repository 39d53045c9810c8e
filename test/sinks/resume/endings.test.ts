import { describe, expect, it } from 'vitest';
import { Endings } from '../../../src/sinks/resume/endings.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';
import { samplePosition } from '../../codec/sample-records.ts';

const OPTIONS = { environmentPrefix: '', trades: true, aggTrades: false };
const ofBinance = { venue: 'binance', symbol: 'BTCUSDT', epoch: 0 } as const;
const position = (over: { epoch?: number; tradeId?: string } = {}) =>
  samplePosition({ ...ofBinance, tradeId: '500', ...over });

describe('Endings', () => {
  it('of a series in mode all is not told by trades of a former turn in the other mode, nor the other way round', () => {
    const all = new Endings([position()], OPTIONS);
    for (const [id, epoch] of [[100, 3] as const, [520, 0] as const, [101, 3] as const])
      all.add(tradeEvent(id, { ...ofBinance, epoch }));
    expect(all.all()).toMatchObject([{ epoch: 0, trade: { id: '520' } }]);
    const turns = new Endings([position({ epoch: 3, tradeId: '100' })], OPTIONS);
    for (const [id, epoch] of [[90, 0] as const, [110, 3] as const]) turns.add(tradeEvent(id, { ...ofBinance, epoch }));
    expect(turns.all()).toMatchObject([{ epoch: 3, trade: { id: '110' } }]);
  });

  it('goes on to a later epoch that no position tells of yet', () => {
    const endings = new Endings([position({ epoch: 3, tradeId: '100' })], OPTIONS);
    endings.add(tradeEvent(200, { ...ofBinance, epoch: 4 }));
    endings.add(tradeEvent(101, { ...ofBinance, epoch: 3 }));
    expect(endings.all()).toMatchObject([{ epoch: 4, trade: { id: '200' } }]);
  });
});
