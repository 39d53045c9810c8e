import { describe, expect, it } from 'vitest';
import { marketKeyOf } from '../../../src/codec/environment-topics.ts';
import { previousEpochs, venueToStartWith } from '../../../src/feed/resume/previous-runs.ts';
import type { SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import { lastTrade, seriesCheckpoint } from '../../../testing/judges/checkpoints.ts';

const at = (id: string) => lastTrade(Number(id));
const checkpointOf = seriesCheckpoint;
const trades = { environment: 'production', kinds: ['trade'] } as const;

describe('previousEpochs', () => {
  it('returns no epochs if the sinks have no checkpoints', () => {
    expect(previousEpochs([], trades)).toEqual([]);
    expect(previousEpochs([[], []], trades)).toEqual([]);
  });

  it("resumes a symbol's last epoch, whatever its venue", () => {
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

  it("does not resume an epoch if one sink has no trade of it, and keeps the other sink's last trade", () => {
    expect(
      previousEpochs([[checkpointOf('bybit', 3, null)], [checkpointOf('bybit', 3, at('9'))]], trades),
    ).toMatchObject([{ epoch: 3, last: at('9'), resumePoint: undefined }]);
  });

  it('resumes from the smallest last id, compared as a number, if the sinks are in the same epoch', () => {
    expect(
      previousEpochs([[checkpointOf('bybit', 3, at('10'))], [checkpointOf('bybit', 3, at('9'))]], trades),
    ).toMatchObject([{ epoch: 3, last: at('9'), resumePoint: new Map([['trade', at('9')]]) }]);
  });

  it.each([
    ['are in different epochs', [[checkpointOf('bybit', 3, at('7'))], [checkpointOf('binance', 4, at('9'))]], 2],
    ['do not all have the symbol', [[checkpointOf('bybit', 3, at('7'))], []], 1],
    [
      'have a trade in one and none in another',
      [[checkpointOf('bybit', 3, at('7'))], [checkpointOf('bybit', 3, null)]],
      1,
    ],
    ['do not know the last trade', [[checkpointOf('bybit', 3, undefined)]], 1],
    ['have checkpoints of another environment', [[checkpointOf('bybit', 3, at('7'), { environment: 'simulated' })]], 1],
  ] as const)('resumes no epoch if the sinks %s', (_, sinks, epochs) => {
    const previous = previousEpochs(sinks, trades);
    expect(previous).toHaveLength(epochs);
    expect(previous.every(({ resumePoint }) => resumePoint === undefined)).toBe(true);
  });

  it('resumes an epoch only if the checkpoint of each published kind of trades is known', () => {
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

  it('resumes each venue of a symbol separately in mode all', () => {
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

  it('returns the venue with the most symbols to resume, and the preferred venue if they are equal', () => {
    const btc = checkpointOf('binance', 4, at('9'));
    const eth = checkpointOf('binance', 2, at('5'), { symbol: 'ETHUSDT' });
    const sol = checkpointOf('bybit', 2, at('5'), { symbol: 'SOLUSDT' });
    expect(venueToStartWith(of(btc, eth, sol), venues)).toBe('binance');
    expect(venueToStartWith(of(btc, sol), venues)).toBe('bybit');
  });

  it('returns undefined if no symbol can resume at a configured venue', () => {
    expect(venueToStartWith([], venues)).toBeUndefined();
    expect(venueToStartWith(of(checkpointOf('binance', 4, undefined)), venues)).toBeUndefined();
    expect(venueToStartWith(of(checkpointOf('binance', 4, at('1'))), ['bybit'])).toBeUndefined();
  });
});
