import { describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../../src/codec/environment-topics.ts';
import { previousEpochs, venueToStartWith } from '../../../src/feed/resume/previous-runs.ts';
import type { SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import { lastTrade, seriesCheckpoint } from '../../../testing/judges/checkpoints.ts';

const at = (id: string) => lastTrade(Number(id));
const checkpointOf = seriesCheckpoint;
const trades = { environment: 'production', kinds: ['trade'] } as const;

describe('previousEpochs', () => {
  it('knows nothing where sinks remember nothing', () => {
    expect(previousEpochs([], trades)).toEqual([]);
    expect(previousEpochs([[], []], trades)).toEqual([]);
  });

  it('takes a symbol up in its last epoch, whatever the venue', () => {
    expect(previousEpochs([[checkpointOf('bybit', 3, at('7')), checkpointOf('binance', 4, at('9'))]], trades)).toEqual([
      {
        venue: 'binance',
        symbol: 'BTCUSDT',
        epoch: 4,
        last: at('9'),
        resumePoint: new Map([['trade', at('9')]]),
      },
    ]);
  });

  it('resumes an epoch without trades', () => {
    expect(previousEpochs([[checkpointOf('bybit', 3, null)]], trades)).toMatchObject([
      { last: null, resumePoint: new Map() },
    ]);
  });

  it("does not resume an epoch of which one sink has no trade; its last trade is the other sink's", () => {
    expect(
      previousEpochs([[checkpointOf('bybit', 3, null)], [checkpointOf('bybit', 3, at('9'))]], trades),
    ).toMatchObject([{ epoch: 3, last: at('9'), resumePoint: undefined }]);
  });

  it('if sinks are in the same epoch, takes the smallest last id, as a number', () => {
    expect(
      previousEpochs([[checkpointOf('bybit', 3, at('10'))], [checkpointOf('bybit', 3, at('9'))]], trades),
    ).toMatchObject([{ epoch: 3, last: at('9'), resumePoint: new Map([['trade', at('9')]]) }]);
  });

  it.each([
    ['stand in different epochs', [[checkpointOf('bybit', 3, at('7'))], [checkpointOf('binance', 4, at('9'))]], 2],
    ['do not all know the symbol', [[checkpointOf('bybit', 3, at('7'))], []], 1],
    [
      'have a trade in one and none in another',
      [[checkpointOf('bybit', 3, at('7'))], [checkpointOf('bybit', 3, null)]],
      1,
    ],
    ['do not know the last trade', [[checkpointOf('bybit', 3, undefined)]], 1],
    ['were written by another environment', [[checkpointOf('bybit', 3, at('7'), { environment: 'simulated' })]], 1],
  ] as const)('takes nothing up where sinks %s', (_, sinks, epochs) => {
    const previous = previousEpochs(sinks, trades);
    expect(previous).toHaveLength(epochs);
    expect(previous.every(({ resumePoint }) => resumePoint === undefined)).toBe(true);
  });

  it('wants both series where both are published, and the aggregated ones where only these are', () => {
    const both = { ...trades, kinds: ['trade', 'agg_trade'] as const };
    const ofTrades = checkpointOf('binance', 3, at('7'));
    const aggregated = checkpointOf('binance', 3, at('5'), { kind: 'agg_trade' });
    const unknown = { ...aggregated, last: undefined };
    expect(previousEpochs([[ofTrades, unknown]], both)).toMatchObject([{ resumePoint: undefined }]);
    expect(previousEpochs([[ofTrades, aggregated]], both)[0]?.resumePoint).toEqual(
      new Map([
        ['trade', at('7')],
        ['agg_trade', at('5')],
      ]),
    );
    expect(previousEpochs([[aggregated]], { ...both, kinds: ['agg_trade'] })).toMatchObject([
      { last: at('5'), resumePoint: new Map([['agg_trade', at('5')]]) },
    ]);
  });

  it('keeps the venues of a symbol apart if each is a feed of its own', () => {
    const sinks = [[checkpointOf('bybit', 3, at('7')), checkpointOf('binance', 4, at('9'))]];
    expect(previousEpochs(sinks, { ...trades, keyOf: marketKeyOf('all') })).toMatchObject([
      { venue: 'bybit', epoch: 3, resumePoint: new Map([['trade', at('7')]]) },
      { venue: 'binance', epoch: 4, resumePoint: new Map([['trade', at('9')]]) },
    ]);
  });
});

describe('venueToStartWith', () => {
  const of = (...checkpoints: SeriesCheckpoint[]) => previousEpochs([checkpoints], trades);
  const venues = ['bybit', 'binance', 'binance_us'];

  it('is the venue of the most symbols that can be taken up, the preferred one among equals', () => {
    const btc = checkpointOf('binance', 4, at('9'));
    const eth = checkpointOf('binance', 2, at('5'), { symbol: 'ETHUSDT' });
    const sol = checkpointOf('bybit', 2, at('5'), { symbol: 'SOLUSDT' });
    expect(venueToStartWith(of(btc, eth, sol), venues)).toBe('binance');
    expect(venueToStartWith(of(btc, sol), venues)).toBe('bybit');
  });

  it('is nobody where nothing can be taken up, or only at a venue that is not configured', () => {
    expect(venueToStartWith([], venues)).toBeUndefined();
    expect(venueToStartWith(of(checkpointOf('binance', 4, undefined)), venues)).toBeUndefined();
    expect(venueToStartWith(of(checkpointOf('binance', 4, at('1'))), ['bybit'])).toBeUndefined();
  });
});
