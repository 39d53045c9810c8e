import { describe, expect, it } from 'vitest';
import { type ClientOptions, checkOptions, offsetsOf, prefixesOf, startOf } from '../../src/client/client-options.ts';
import { connectTopics } from '../../src/client/connect-topics.ts';

describe('the client options', () => {
  it('select the topics of an environment; for the testnet, status and gaps are production topics', () => {
    expect(prefixesOf({ brokers: [] })).toEqual({ market: 'market.', feed: 'market.' });
    expect(prefixesOf({ environment: 'simulated', topicPrefix: 'x.' })).toEqual({
      market: 'x.simulated.',
      feed: 'x.simulated.',
    });
    expect(prefixesOf({ environment: 'testnet' })).toEqual({ market: 'market.testnet.', feed: 'market.' });
    expect(prefixesOf({ dir: 'data', environment: 'replay' })).toEqual({ market: 'replay.', feed: 'replay.' });
  });

  it('set where reading starts for all topics or for one topic, and reject an invalid date', () => {
    expect(startOf({}, 'trades')).toBe('end');
    expect(startOf({ from: new Date(7) }, 'trades')).toEqual({ timeMs: 7 });
    const from = { trades: 8, prices: 'beginning' } as const;
    expect(startOf({ from }, 'trades')).toEqual({ timeMs: 8 });
    expect(startOf({ from }, 'prices')).toBe('beginning');
    expect(startOf({ from }, 'klines')).toBe('end');
    const noTime = { brokers: ['a:1'], from: { klines: new Date('yesterday') } };
    expect(() => checkOptions(noTime)).toThrow(
      'connectTopics: from.klines is Invalid Date, allowed: beginning, end, a Date, or milliseconds since 1970',
    );
    const noTopic: object = { from: { trade: 'end' } };
    expect(() => checkOptions({ brokers: ['a:1'], ...noTopic })).toThrow(
      'connectTopics: no option from.trade (did you mean from.trades?); there are trades, ',
    );
  });

  it('begin at given offsets; a partition without one begins where its topic is said to, or at its beginning', () => {
    const from = { offsets: [{ topic: 'market.trades', partition: 3, offset: 7 }], prices: 'end' } as const;
    expect(startOf({ from }, 'trades')).toBe('beginning');
    expect(startOf({ from }, 'prices')).toBe('end');
    const brokers = ['a:1'];
    expect(offsetsOf({ brokers, from }, 'market.trades')).toEqual(new Map([[3, 7n]]));
    expect(offsetsOf({ brokers, from }, 'market.prices')).toEqual(new Map());
    expect(offsetsOf({ brokers, from: 'end' }, 'market.trades')).toEqual(new Map());
    checkOptions({ brokers, from });
    checkOptions({ brokers, from: { offsets: [] }, withPosition: true });
  });

  it.each<[unknown, string]>([
    [7, 'from.offsets[1] is 7, allowed: an object with topic, partition, offset'],
    [{ partition: 0, offset: 1 }, 'from.offsets[1].topic is missing, allowed: market.trades, '],
    [{ topic: 'trades', partition: 0, offset: 1 }, 'from.offsets[1].topic is "trades", allowed: market.trades, '],
    [
      { topic: 'market.instruments', partition: 0, offset: 1 },
      'from.offsets[1].topic is "market.instruments", allowed',
    ],
    [
      { topic: 'market.trades', partition: '0', offset: 1 },
      'from.offsets[1].partition is "0", allowed: a whole number',
    ],
    [
      { topic: 'market.trades', partition: 0, offset: -1 },
      'from.offsets[1].offset is -1, allowed: a whole number of 0',
    ],
    [
      { topic: 'market.trades', partition: 0, offset: 1.5 },
      'from.offsets[1].offset is 1.5, allowed: a whole number of',
    ],
    [
      { topic: 'market.trades', partition: 0, offset: '1' },
      'from.offsets[1].offset is "1", allowed: a whole number of',
    ],
    [
      { topic: 'market.trades', partition: 0, ofset: 1 },
      'no option from.offsets[1].ofset (did you mean from.offsets[1].off',
    ],
    [
      { topic: 'market.prices', partition: 2, offset: 5 },
      'from.offsets[1] is market.prices partition 2 again, allowed: once',
    ],
  ])('reject an offset that cannot be meant: %j', (wrong, message) => {
    const offsets = [{ topic: 'market.prices', partition: 2, offset: 5 }, wrong];
    const given: object = { brokers: ['a:1'], from: { offsets } };
    expect(() => checkOptions(given)).toThrow(`connectTopics: ${message}`);
  });

  it.each<[ClientOptions, string]>([
    [{ dir: 'data', withPosition: true }, 'withPosition: records in files have no offset; it needs brokers'],
    [{ dir: 'data', from: { offsets: [] } }, 'from.offsets: records in files have no offset; it needs brokers'],
    [
      { brokers: ['a:1'], group: 'g', from: { offsets: [] } },
      'from.offsets: a group begins at its own committed offsets',
    ],
  ])('reject offsets where they mean nothing: %j', (options, message) => {
    expect(() => checkOptions(options)).toThrow(message);
  });

  it('reject missing brokers, brokers together with dir, and a group together with dir', () => {
    expect(() => checkOptions({})).toThrow('brokers: at least one host:port, or dir: the folder of a file sink');
    expect(() => checkOptions({ brokers: ['a:1'], dir: 'data' })).toThrow('dir: either brokers or dir, not both');
    expect(() => checkOptions({ dir: 'data', group: 'g' })).toThrow(
      'group: files are not shared; a group needs brokers',
    );
  });

  it('reject a limit that is not a valid number or a flag that is not a boolean', () => {
    const text: object = { allowTestData: 'false' };
    expect(() => checkOptions({ brokers: ['a:1'], ...text })).toThrow(
      'connectTopics: allowTestData is "false", allowed: true or false',
    );
    expect(() => checkOptions({ brokers: ['a:1'], maxLagMs: Number.NaN })).toThrow(
      'connectTopics: maxLagMs is NaN, allowed: milliseconds, 0 or more; Infinity for no limit',
    );
    for (const identityWindow of [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => checkOptions({ brokers: ['a:1'], identityWindow })).toThrow(
        `connectTopics: identityWindow is ${identityWindow}, allowed: a whole number of 1 or more`,
      );
    checkOptions({ brokers: ['a:1'], identityWindow: 1, maxLagMs: 0 });
  });

  it.each([
    [undefined, 'options are nothing, allowed: an object with brokers, dir, '],
    [{ allowTestdata: true }, 'no option allowTestdata (did you mean allowTestData?); there are brokers, dir, '],
    [{ maxPriceAge: 1 }, 'no option maxPriceAge (did you mean maxPriceAgeMs?); there are brokers, dir, '],
    [{ brokers: 'localhost:9092' }, 'brokers is "localhost:9092", allowed: at least one host:port'],
    [{ brokers: ['localhost'] }, 'brokers is ["localhost"], allowed: at least one host:port'],
    [{ brokers: ['localhost:99999'] }, 'brokers is ["localhost:99999"], allowed: at least one host:port'],
    [{ brokers: ['http://localhost:9092'] }, 'brokers is ["http://localhost:9092"], allowed: at least one host:port'],
    [{ brokers: ['a:1'], sasl: { mechanism: 'plain', password: 'x' } }, 'sasl.username is missing, allowed: a text'],
    [{ brokers: ['a:1'], schemaRegistry: {} }, 'schemaRegistry.url is missing, allowed: a text'],
    [{ from: 'yesterday' }, 'from is "yesterday", allowed: beginning, end, a Date, or milliseconds since 1970; or'],
    [{ environment: 'prod' }, 'environment is "prod", allowed: production, testnet, simulated, replay'],
    [{ sasl: { mechanism: 'plain', pasword: 'x' } }, 'no option sasl.pasword (did you mean sasl.password?)'],
    [{ sasl: { mechanism: 'plain', username: 'u', password: 7 } }, 'sasl.password is [hidden], allowed: a text'],
    [{ schemaRegistry: 'http://x' }, 'schemaRegistry is "http://x", allowed: an object with the url, or null'],
    [{ brokers: ['a:1'], withPosition: 'yes' }, 'withPosition is "yes", allowed: true or false'],
    [
      { brokers: ['a:1'], from: { offsets: { 0: 5 } } },
      'from.offsets is {"0":5}, allowed: a list of objects with topic',
    ],
    [{ connectTimeoutMs: '5s' }, 'connectTimeoutMs is "5s", allowed: milliseconds above 0'],
  ])('reject options that are unknown or of a wrong type by name: %j', async (options, message) => {
    const given: object | undefined = options;
    await expect(connectTopics(given as ClientOptions)).rejects.toThrow(`connectTopics: ${message}`);
    await expect(connectTopics(given as ClientOptions)).rejects.toMatchObject({
      name: 'Fault',
      retry: { kind: 'never' },
    });
  });
});
