import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { environmentOf, environmentPrefixes, feedVenues, instrumentsFor } from '../../src/config/config.ts';
import { type ConfigSource, loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { fakeIo } from '../cli/fake-io.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'market-feed-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function load(yaml: string, source: Omit<ConfigSource, 'file'> = {}) {
  return loadConfig({ ...source, file: write('market-feed.yaml', yaml) });
}

function problemsOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('no ConfigError');
}

it('loadConfig refuses options that it does not have, so that a misspelt file does not give the defaults', () => {
  const misspelt: object = { fle: 'market-feed.yaml' };
  expect(() => loadConfig(misspelt)).toThrow(
    new ConfigError([
      {
        where: 'loadConfig',
        key: '',
        found: '',
        allowed: 'no option fle (did you mean file?); there are file, values, directory, environment, overrides',
      },
    ]),
  );
  const wrong: object = { file: 7 };
  expect(() => loadConfig(wrong)).toThrow('loadConfig: file is 7, allowed: a text');
});

describe('loadConfig with a valid configuration', () => {
  it('uses every default if the file is empty', () => {
    const config = load('');
    expect(config.quote).toBe('USDT');
    expect(config.environment).toBe('production');
    expect(config.feed).toEqual({
      mode: 'failover',
      venues: ['bybit', 'binance', 'binance_us', 'binance_testnet'],
      channels: ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'],
      staleAfterMs: 5000,
      coinStaleAfterMs: 30_000,
      maxEventLagMs: 2000,
      failoverGraceMs: 500,
      failBackAfterMs: 30_000,
      backfill: true,
      disputeBps: 100,
      disputeAfterMs: 500,
      allowTestData: false,
    });
    expect(config.venues.bybit).toEqual({
      enabled: true,
      websocketUrls: ['wss://stream.bybit.com/v5/public/spot'],
      restUrls: ['https://api.bybit.com'],
      lines: 2,
      reconnect: { initialDelayMs: 1000, maxDelayMs: 30_000, maxAttempts: 10, probeEveryMs: 60_000 },
      connectTimeoutMs: 10_000,
      compression: false,
      maxFrameMb: 32,
    });
    expect(config.venues.binance.websocketUrls).toEqual([
      'wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND',
      'wss://data-stream.binance.vision/stream?timeUnit=MICROSECOND',
    ]);
    expect(config.venues.binance.restUrls).toEqual(['https://api.binance.com', 'https://data-api.binance.vision']);
    expect(config.venues.binance_us.websocketUrls).toEqual(['wss://stream.binance.us:9443/stream']);
    expect(config.venues.binance_testnet.websocketUrls).toEqual([
      'wss://stream.testnet.binance.vision/stream?timeUnit=MICROSECOND',
    ]);
    expect(config.sinks).toEqual(['file']);
    expect(config.kafka).toEqual({
      brokers: [],
      client: 'kafkajs',
      clientId: 'market-feed',
      topicPrefix: 'market.',
      partitions: 6,
      replication: -1,
      compression: 'none',
      batch: { maxRecords: 1000, lingerMs: 0, minIntervalMs: 3 },
      ssl: null,
      sasl: null,
      schemaRegistry: null,
    });
    expect(config.file).toEqual({
      dir: path.join(directory, 'data'),
      rotateMb: 64,
      rotateMinutes: 60,
      codec: 'deflate',
    });
    expect(config.parquet).toEqual({ dir: path.join(directory, 'data/parquet'), rotateMb: 128, rotateMinutes: 60 });
    expect(config.spill).toEqual({ dir: path.join(directory, 'data/spill'), maxMb: 1024 });
    expect(config.gateway).toEqual({
      enabled: true,
      host: '127.0.0.1',
      port: 8080,
      token: null,
      allowedOrigins: [],
      requestsPerMinute: 600,
      connectionsPerAddress: 100,
    });
    expect(config.orderBooks).toEqual({ levels: 50, intervalMs: 1000, deltaSnapshotEveryMs: 60_000 });
    expect(config.stats).toEqual({
      windowsMs: [1000, 60_000],
      allowedLatenessMs: 2000,
      historyTrades: 1000,
      largeTradeThreshold: 10,
    });
    expect(config.cluster).toEqual({
      enabled: false,
      group: 'market-feed',
      shards: 12,
      sessionTimeoutMs: 10_000,
      warmStandbys: 1,
      takeoverAfterMs: 2000,
      venueBudgetShare: 1,
    });
    expect(config.log).toEqual({ level: 'info' });
  });

  it('accepts config/market-feed.yaml, which equals the built-in defaults', () => {
    const {
      source: _s,
      file: _f,
      parquet: _q,
      spill: _p,
      ...delivered
    } = loadConfig({ file: 'config/market-feed.yaml' });
    const { source: _s2, file: _f2, parquet: _q2, spill: _p2, ...builtIn } = loadConfig({});
    expect(delivered).toEqual(builtIn);
    expect(loadConfig({ file: 'config/market-feed.yaml' }).file.dir).toBe(path.resolve('data'));
  });

  it('reads twenty coins from config/market-feed.yaml, BTC, ETH, SOL, BNB and XRP first', () => {
    const { coins } = loadConfig({ file: 'config/market-feed.yaml' });
    if (coins.kind !== 'list') throw new Error('no list');
    const names = coins.entries.map(({ coin }) => coin);
    expect(names).toHaveLength(20);
    expect(names.slice(0, 5)).toEqual(['BTC', 'ETH', 'SOL', 'BNB', 'XRP']);
    expect(names).toEqual(expect.arrayContaining(['ADA', 'DOGE']));
  });

  it('reads a section without keys as all defaults', () => {
    expect(load('feed:\nkafka:\n  batch:\nlog:\n').feed.staleAfterMs).toBe(5000);
  });

  it('sets the time between Kafka batches by client, unless it is configured', () => {
    const interval = (batch: string, client: string) =>
      load(`kafka: { client: ${client}, batch: ${batch} }`).kafka.batch.minIntervalMs;
    expect(['kafkajs', 'platformatic'].map((client) => interval('{}', client))).toEqual([3, 5]);
    expect(['null', '0', '7'].map((ms) => interval(`{ min_interval_ms: ${ms} }`, 'platformatic'))).toEqual([5, 0, 7]);
  });

  it('writes to Kafka by default if brokers are configured', () => {
    expect(load('kafka: { brokers: ["localhost:9092"] }').sinks).toEqual(['kafka']);
    expect(load('kafka: { brokers: ["localhost:9092"] }\nsinks: [file, kafka]').sinks).toEqual(['file', 'kafka']);
  });

  it('requests microseconds of Binance and its testnet, unless the unit or the address says otherwise', () => {
    const urls = (yaml: string) => {
      const { binance, binance_us: us, binance_testnet: testnet } = load(yaml).venues;
      return [binance, us, testnet].map(({ websocketUrls }) => websocketUrls[0]);
    };
    const [production, us, testnet] = urls('venues: { binance: { time_unit: millisecond } }');
    expect(production).toBe('wss://stream.binance.com:9443/stream');
    expect(us).toBe('wss://stream.binance.us:9443/stream');
    expect(testnet).toBe('wss://stream.testnet.binance.vision/stream?timeUnit=MICROSECOND');
    const first = (url: string) => urls(`venues: { binance: { websocket_urls: ["${url}"] } }`)[0];
    expect(first('wss://host/ws')).toBe('wss://host/ws?timeUnit=MICROSECOND');
    expect(first('wss://host/stream?route=eu')).toBe('wss://host/stream?route=eu&timeUnit=MICROSECOND');
    expect(first('wss://host/stream?timeUnit=millisecond')).toBe('wss://host/stream?timeUnit=millisecond');
  });

  it('accepts the file codec null, quoted or not', () => {
    expect(load('file: { codec: null }').file.codec).toBe('null');
    expect(load('file: { codec: "null" }').file.codec).toBe('null');
  });

  it('accepts a list of coins or symbols in the configuration', () => {
    const config = load('coins: [BTC, ethusdt]');
    expect(instrumentsFor(config, 'binance_us')).toEqual([
      { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' },
      { coin: 'ETH', symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT' },
    ]);
  });

  it('refuses a coin that is named twice', () =>
    expect(problemsOf(() => load('coins: [BTC, btc]')).map(({ key, allowed }) => [key, allowed])).toEqual([
      ['coins[1]', 'allowed: each coin once'],
    ]));

  it('accepts all coins of the venues, or the top coins by volume', () => {
    expect(load('coins: { all: true }').coins).toEqual({ kind: 'all' });
    expect(load('coins: { all: true, top_by_volume: null }').coins).toEqual({ kind: 'all' });
    expect(load('coins: { all: true, top_by_volume: 200 }').coins).toEqual({ kind: 'all', topByVolume: 200 });
  });

  it('reads a coin list file next to the configuration, and omits coins that a venue lacks', () => {
    write('mine.json', '[{ "coin": "BTC", "tier": 1, "symbols": { "bybit": "XBTUSDT", "binance": null } }]');
    const config = load('coins: mine.json');
    expect(instrumentsFor(config, 'bybit')).toEqual([{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'XBTUSDT' }]);
    expect(instrumentsFor(config, 'binance')).toEqual([]);
    expect(instrumentsFor(config, 'binance_us')).toEqual([]);
  });

  it('resolves YAML anchors and merge keys', () => {
    const config = load(
      'venues:\n  bybit: &fast { lines: 3 }\n  binance: { <<: *fast, compression: true }\n  binance_us: *fast\n',
    );
    expect([config.venues.bybit.lines, config.venues.binance.lines, config.venues.binance_us.lines]).toEqual([3, 3, 3]);
    expect(config.venues.binance.compression).toBe(true);
  });

  it('leaves out disabled venues', () => {
    expect(feedVenues(load('feed: { venues: [binance, bybit] }\nvenues: { binance: { enabled: false } }'))).toEqual([
      'bybit',
    ]);
  });

  it('marks the testnet in every environment, and returns the prefixes of all topics', () => {
    const config = load('environment: simulated');
    expect(environmentOf(config, 'bybit')).toBe('simulated');
    expect(environmentOf(config, 'binance_testnet')).toBe('testnet');
    expect(environmentPrefixes(config)).toEqual(['simulated.', 'testnet.']);
    expect(environmentPrefixes(load('feed: { allow_test_data: true }'))).toEqual(['']);
  });
});

describe('loadConfig with overrides', () => {
  it('reads environment variables with the type of their key', () => {
    const config = load('feed: { stale_after_ms: 9000 }', {
      environment: {
        MARKET_FEED__FEED__STALE_AFTER_MS: '3000',
        MARKET_FEED__FEED__VENUES: 'binance, bybit',
        MARKET_FEED__FEED__BACKFILL: 'false',
        MARKET_FEED__VENUES__BINANCE_US__RECONNECT__MAX_ATTEMPTS: '3',
        MARKET_FEED__KAFKA__BROKERS: 'a:1,b:2',
        MARKET_FEED__KAFKA__SSL: 'true',
        MARKET_FEED__STATS__WINDOWS_MS: '1000,5000',
        MARKET_FEED__COINS: 'BTC,ETH',
        OTHER: 'x',
      },
    });
    expect(config.feed.staleAfterMs).toBe(3000);
    expect(config.feed.venues).toEqual(['binance', 'bybit']);
    expect(config.feed.backfill).toBe(false);
    expect(config.venues.binance_us.reconnect.maxAttempts).toBe(3);
    expect(config.kafka.brokers).toEqual(['a:1', 'b:2']);
    expect(config.kafka.ssl).toBe(true);
    expect(config.stats.windowsMs).toEqual([1000, 5000]);
    expect(instrumentsFor(config, 'bybit').map(({ coin }) => coin)).toEqual(['BTC', 'ETH']);
    expect(config.sinks).toEqual(['kafka']);
  });

  it('reads an empty variable as an empty list or null, and a path as a coin list file', () => {
    write('two.json', '[{ "coin": "ETH", "symbols": { "bybit": "ETHUSDT" } }]');
    const config = load('kafka: { brokers: ["a:1"] }', {
      environment: { MARKET_FEED__KAFKA__BROKERS: '', MARKET_FEED__KAFKA__SASL: '', MARKET_FEED__COINS: 'two.json' },
    });
    expect(config.kafka.brokers).toEqual([]);
    expect(config.kafka.sasl).toBeNull();
    expect(instrumentsFor(config, 'bybit')).toEqual([{ coin: 'ETH', symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT' }]);
    write('sol.yaml', '[{ coin: SOL, symbols: { bybit: SOLUSDT } }]');
    const ofYaml = load('', { environment: { MARKET_FEED__COINS: 'sol.yaml' } });
    expect(instrumentsFor(ofYaml, 'bybit').map(({ coin }) => coin)).toEqual(['SOL']);
  });

  it('prefers the command line, and keeps the venues that the coin list has for a coin', () => {
    write(
      'coins.json',
      '[{ "coin": "BTC", "symbols": { "bybit": "BTCUSDT" } }, { "coin": "ETH", "symbols": { "bybit": "ETHUSDT" } }]',
    );
    const config = load('', {
      environment: { MARKET_FEED__KAFKA__BATCH__MAX_RECORDS: '7' },
      overrides: { symbols: ['btcusdt', 'NEW'], channels: ['trade'], batchSize: 1 },
    });
    expect(config.feed.channels).toEqual(['trade']);
    expect(config.kafka.batch.maxRecords).toBe(1);
    expect(instrumentsFor(config, 'bybit').map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'NEWUSDT']);
    expect(instrumentsFor(config, 'binance').map(({ symbol }) => symbol)).toEqual(['NEWUSDT']);
  });

  it.each(['GATEWAY__TOKEN_FILE', 'KAFKA__SCHEMA_REGISTRY__PASSWORD_FILE', 'KAFKA__SCHEMA_REGISTRY__CA_FILE'])(
    'refuses an empty %s, because Compose makes one of a variable that is not set',
    (name) => {
      const variable = `MARKET_FEED__${name}`;
      const registry = { MARKET_FEED__KAFKA__SCHEMA_REGISTRY__URL: 'http://127.0.0.1:1' };
      expect(problemsOf(() => load('', { environment: { ...registry, [variable]: '' } }))).toEqual([
        expect.objectContaining({
          where: `environment variable ${variable}`,
          found: '""',
          allowed: 'allowed: a path, relative to this file or absolute, or null for none',
        }),
      ]);
      expect(() => load('', { environment: { ...registry, [variable]: 'null' } })).not.toThrow();
    },
  );

  it('names the invalid variable or option', () => {
    const environment = { MARKET_FEED__FEED__STALE_AFTER_MS: '5s', MARKET_FEED__FEED__STALE_AFTR_MS: '1' };
    const problems = problemsOf(() =>
      load('', { environment, overrides: { symbols: ['BTCUSD'], channels: ['trades'], batchSize: 0 } }),
    );
    expect(problems.map(({ where, key, found, hint }) => [where, key, found, hint])).toEqual(
      expect.arrayContaining([
        ['environment variable MARKET_FEED__FEED__STALE_AFTER_MS', 'feed.stale_after_ms', '"5s"', undefined],
        [
          'environment variable MARKET_FEED__FEED__STALE_AFTR_MS',
          'feed.stale_aftr_ms',
          'an unknown key',
          'did you mean MARKET_FEED__FEED__STALE_AFTER_MS?',
        ],
        ['option --channel', 'feed.channels[0]', '"trades"', 'did you mean trade?'],
        ['option --batch-size', 'kafka.batch.max_records', '0', undefined],
      ]),
    );
    const singles = { MARKET_FEED_FEED__STALE_AFTER_MS: '1', MARKET_FEED_COINS: 'BTC', MARKET_FEED_PORT: 'tcp://a:1' };
    expect(problemsOf(() => load('', { environment: singles })).map(({ where, allowed }) => [where, allowed])).toEqual([
      ['environment variable MARKET_FEED_COINS', 'allowed: two, as in MARKET_FEED__COINS'],
      [
        'environment variable MARKET_FEED_FEED__STALE_AFTER_MS',
        'allowed: two, as in MARKET_FEED__FEED__STALE_AFTER_MS',
      ],
    ]);
    expect(
      problemsOf(() => load('', { overrides: { symbols: ['BTCUSD'] } })).map(({ where, found }) => [where, found]),
    ).toEqual([['option --symbol', '"BTCUSD"']]);
  });
});

describe('secrets', () => {
  it('come from a separate file or the environment, and never appear in output', () => {
    write('secret.txt', 'hunter2\n');
    const config = load('kafka: { sasl: { mechanism: plain, username: me, password_file: secret.txt } }', {
      environment: { MARKET_FEED__GATEWAY__TOKEN: 'hunter3' },
    });
    expect(config.kafka.sasl?.password.reveal()).toBe('hunter2');
    expect(config.gateway.token?.reveal()).toBe('hunter3');
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      JSON.stringify(config),
      `${config.gateway.token}`,
    ].join('\n');
    expect(shown).toContain('[secret]');
    expect(shown).not.toMatch(/hunter/);
  });

  it('stay out of error messages', () => {
    const yaml =
      'kafka:\n  sasl: { mechanism: plain, username: me, password: hunter2 }\n  schema_registry: { url: "http://me:hunter2@host" }\n  sasl_password: hunter2\n';
    const text = problemsOf(() => load(yaml))
      .map((problem) => JSON.stringify(problem))
      .join('\n');
    expect(text).toContain('password_file');
    expect(text).not.toMatch(/hunter/);
  });

  it.each([
    'sasl: { mechanism: plain, username: me, password: hunter2 }',
    'kafak: { sasl: { mechanism: plain, username: me, password: hunter2 } }',
    'kafka: { sasl: [{ mechanism: plain }, { username: me }, { password: hunter2 }] }',
    'gateway: [{ token: hunter2 }]',
  ])('stay out of error messages if they are in an invalid section: %s', (yaml) => {
    expect(JSON.stringify(problemsOf(() => load(yaml)))).not.toMatch(/hunter/);
  });

  it('are read from the first row of their file', () => {
    write('token.txt', 'hunter3\r\n\nof the gateway, since Monday\n');
    expect(load('gateway: { token_file: token.txt }').gateway.token?.reveal()).toBe('hunter3');
    write('token.txt', 'hunter3\n\n');
    expect(load('gateway: { token_file: token.txt }').gateway.token?.reveal()).toBe('hunter3');
  });
});

it('loadConfig reports all problems at once, sorted by row, each key once', () => {
  const problems = problemsOf(() =>
    load('quot: USDT\nfeed:\n  stale_after_ms: -1.5\n  venues: []\nvenues: { kraken: {} }\nlog: info\n'),
  );
  expect(problems.map(({ line, key }) => [line, key])).toEqual([
    [1, 'quot'],
    [3, 'feed.stale_after_ms'],
    [4, 'feed.venues'],
    [5, 'venues.kraken'],
    [6, 'log'],
  ]);
});

interface BadCase {
  readonly name: string;
  readonly yaml?: string | Uint8Array;
  readonly coins?: string;
  /** Texts that the message contains after the name of the file. */
  readonly says: readonly string[];
  /** The file that the message names, if it is not the configuration. */
  readonly file?: string;
}

const COIN = (symbols: string, coin = '"BTC"') => `[{ "coin": ${coin}, "tier": 1, "symbols": { ${symbols} } }]`;

/** Each case ends with exit code 2 and one message. It names the file, the key, the value and the allowed values. */
const BAD: readonly BadCase[] = [
  { name: 'an unknown key', yaml: 'quot: USDT', says: [':1: quot:', '"USDT"', 'did you mean quote?'] },
  {
    name: 'an unknown key of a section',
    yaml: 'feed:\n  stale_aftr_ms: 5',
    says: [':2: feed.stale_aftr_ms:', '5', 'did you mean stale_after_ms?'],
  },
  {
    name: 'a key with hyphens',
    yaml: 'feed: { stale-after-ms: 5000 }',
    says: ['feed.stale-after-ms:', '5000', 'did you mean stale_after_ms?'],
  },
  {
    name: 'a key in camelCase',
    yaml: 'feed: { staleAfterMs: 5000 }',
    says: ['feed.staleAfterMs:', 'did you mean stale_after_ms?'],
  },
  {
    name: 'a key in the wrong place',
    yaml: 'stale_after_ms: 5000',
    says: ['stale_after_ms:', 'did you mean feed.stale_after_ms?'],
  },
  {
    name: 'an unknown venue',
    yaml: 'venues: { kraken: { lines: 1 } }',
    says: ['venues.kraken:', '{"lines":1}', 'bybit, binance, binance_us, binance_testnet'],
  },
  {
    name: 'a deep unknown key',
    yaml: 'venues:\n  bybit:\n    reconnect: { max_tries: 3 }',
    says: [':3: venues.bybit.reconnect.max_tries:', '3', 'max_attempts'],
  },
  { name: '__proto__', yaml: '__proto__: { x: 1 }', says: ['__proto__:', 'coins, quote'] },
  {
    name: 'a number as text',
    yaml: 'feed: { stale_after_ms: 5s }',
    says: ['feed.stale_after_ms:', '"5s"', 'from 100 to 3600000'],
  },
  {
    name: 'a quoted number',
    yaml: 'feed: { stale_after_ms: "5000" }',
    says: ['feed.stale_after_ms:', '"5000"', 'a whole number of milliseconds'],
  },
  {
    name: 'a negative number',
    yaml: 'feed: { stale_after_ms: -5000 }',
    says: ['feed.stale_after_ms:', '-5000', 'from 100 to 3600000'],
  },
  { name: 'zero', yaml: 'venues: { bybit: { lines: 0 } }', says: ['venues.bybit.lines:', '0', 'from 1 to 8'] },
  { name: 'a fraction', yaml: 'kafka: { partitions: 1.5 }', says: ['kafka.partitions:', '1.5', 'a whole number'] },
  {
    name: 'not a number',
    yaml: 'feed: { stale_after_ms: .nan }',
    says: ['feed.stale_after_ms:', '.nan', 'a whole number'],
  },
  {
    name: 'a number that is too large',
    yaml: 'gateway: { requests_per_minute: 1e999 }',
    says: ['gateway.requests_per_minute:', '1e999', 'from 1 to 1000000'],
  },
  {
    name: 'a number with underscores',
    yaml: 'feed: { stale_after_ms: 5_000 }',
    says: ['feed.stale_after_ms:', '"5_000"', 'a whole number'],
  },
  { name: 'replication 0', yaml: 'kafka: { replication: 0 }', says: ['kafka.replication:', '0', '-1'] },
  { name: 'a port above 65535', yaml: 'gateway: { port: 70000 }', says: ['gateway.port:', '70000', 'from 0 to 65535'] },
  { name: 'yes for true', yaml: 'feed: { backfill: yes }', says: ['feed.backfill:', '"yes"', 'true or false'] },
  { name: 'a key without a value', yaml: 'feed:\n  mode:', says: [':2: feed.mode:', 'null', 'one of failover, all'] },
  { name: 'text for a section', yaml: 'feed: fast', says: ['feed:', '"fast"', 'a section with the keys mode, venues'] },
  {
    name: 'a list for a section',
    yaml: 'kafka: [localhost:9092]',
    says: ['kafka:', '["localhost:9092"]', 'a section with the keys brokers'],
  },
  {
    name: 'text for a list',
    yaml: 'kafka: { brokers: localhost:9092 }',
    says: ['kafka.brokers:', '"localhost:9092"', 'a list of host:port'],
  },
  { name: 'a section for text', yaml: 'quote: { USDT: true }', says: ['quote:', '{"USDT":true}', 'the quote asset'] },
  { name: 'a quote asset in lower case', yaml: 'quote: usdt', says: ['quote:', '"usdt"', 'capital letters'] },
  {
    name: 'an unknown environment',
    yaml: 'environment: prod',
    says: ['environment:', '"prod"', 'one of production, simulated'],
  },
  {
    name: 'testnet as environment',
    yaml: 'environment: testnet',
    says: ['environment:', '"testnet"', 'one of production, simulated'],
  },
  {
    name: 'an unknown mode',
    yaml: 'feed: { mode: failovr }',
    says: ['feed.mode:', '"failovr"', 'failover, all', 'did you mean failover?'],
  },
  {
    name: 'an unknown channel',
    yaml: 'feed:\n  channels:\n    - trade\n    - kline_2m',
    says: [':4: feed.channels[1]:', '"kline_2m"', 'did you mean kline_1m?'],
  },
  {
    name: 'a duplicate channel',
    yaml: 'feed: { channels: [trade, trade] }',
    says: ['feed.channels[1]:', '"trade"', 'each entry once'],
  },
  { name: 'no channel', yaml: 'feed: { channels: [] }', says: ['feed.channels:', '[]', 'at least one channel'] },
  {
    name: 'an unknown venue to feed',
    yaml: 'feed: { venues: [bybit, binanceus] }',
    says: ['feed.venues[1]:', '"binanceus"', 'did you mean binance_us?'],
  },
  {
    name: 'a duplicate venue',
    yaml: 'feed: { venues: [bybit, binance, bybit] }',
    says: ['feed.venues[2]:', '"bybit"', 'each entry once'],
  },
  {
    name: 'no enabled venue',
    yaml: 'feed: { venues: [bybit] }\nvenues: { bybit: { enabled: false } }',
    says: ['feed.venues:', '["bybit"]', 'at least one venue that is enabled'],
  },
  {
    name: 'an http URL for WebSocket',
    yaml: 'venues: { bybit: { websocket_urls: ["https://stream.bybit.com"] } }',
    says: ['venues.bybit.websocket_urls[0]:', '"https://stream.bybit.com"', 'wss://'],
  },
  {
    name: 'a WebSocket URL with streams in its query',
    yaml: 'venues: { binance: { websocket_urls: ["wss://stream.binance.com:9443/stream?streams=btcusdt@trade/ethusdt@trade"] } }',
    says: [
      ':1: venues.binance.websocket_urls[0]: found "wss://stream.binance.com:9443/stream?streams=btcusdt@trade/ethusdt@trade"',
      'allowed: the address without streams, wss://stream.binance.com:9443/stream',
      'coins and feed.channels',
    ],
  },
  {
    name: 'a unit of times that a venue does not offer',
    yaml: 'venues: { binance: { time_unit: nanosecond } }',
    says: ['venues.binance.time_unit:', '"nanosecond"', 'one of microsecond, millisecond'],
  },
  {
    name: 'a unit of times for a venue without microseconds',
    yaml: 'venues: { binance_us: { time_unit: microsecond } }',
    says: ['venues.binance_us.time_unit:'],
  },
  {
    name: 'a WebSocket URL with a fragment',
    yaml: 'venues: { bybit: { websocket_urls: ["wss://stream.bybit.com/v5/public/spot#1"] } }',
    says: ['venues.bybit.websocket_urls[0]:', 'without user, password or fragment'],
  },
  {
    name: 'a WebSocket URL with a stream in its path',
    yaml: 'venues: { binance: { websocket_urls: ["wss://stream.binance.com:9443/ws/btcusdt@trade"] } }',
    says: [
      'found "wss://stream.binance.com:9443/ws/btcusdt@trade", ',
      'allowed: the address without streams, wss://stream.binance.com:9443/ws:',
    ],
  },
  {
    name: 'a WebSocket URL with streams and a password',
    yaml: 'venues: { binance: { websocket_urls: ["wss://me:hunter2@host/stream?streams=btcusdt@trade"] } }',
    says: [
      'found "wss://[secret]@host/stream?streams=btcusdt@trade"',
      'allowed: the address without streams, wss://host/stream:',
    ],
  },
  {
    name: 'a ws URL for REST',
    yaml: 'venues: { bybit: { rest_urls: ["wss://api.bybit.com"] } }',
    says: ['venues.bybit.rest_urls[0]:', '"wss://api.bybit.com"', 'https://'],
  },
  {
    name: 'one REST URL under its previous name',
    yaml: 'venues: { bybit: { rest_url: https://api.bybit.com } }',
    says: ['venues.bybit', 'rest_url', 'rest_urls'],
  },
  {
    name: 'no REST URL',
    yaml: 'venues: { bybit: { rest_urls: [] } }',
    says: ['venues.bybit.rest_urls:', 'a list of at least one REST URL'],
  },
  {
    name: 'a URL without scheme',
    yaml: 'venues: { bybit: { rest_urls: [api.bybit.com] } }',
    says: ['venues.bybit.rest_urls[0]:', '"api.bybit.com"', 'https://'],
  },
  {
    name: 'a URL with a password',
    yaml: 'venues: { bybit: { rest_urls: ["https://me:hunter2@api.bybit.com"] } }',
    says: ['venues.bybit.rest_urls[0]:', '[secret]', 'without user, password'],
  },
  {
    name: 'a broker with a password',
    yaml: 'kafka: { brokers: ["me:hunter2@broker:9092"] }',
    says: ['kafka.brokers[0]:', '"[secret]@broker:9092"', 'host:port'],
  },
  {
    name: 'no WebSocket URL',
    yaml: 'venues: { bybit: { websocket_urls: [] } }',
    says: ['venues.bybit.websocket_urls:', '[]', 'at least one WebSocket URL'],
  },
  {
    name: 'an initial delay above the maximum delay',
    yaml: 'venues: { bybit: { reconnect: { initial_delay_ms: 5000, max_delay_ms: 1000 } } }',
    says: ['venues.bybit.reconnect.initial_delay_ms:', '5000', 'at most max_delay_ms, which is 1000'],
  },
  { name: 'an unknown sink', yaml: 'sinks: [kafak]', says: ['sinks[0]:', '"kafak"', 'did you mean kafka?'] },
  {
    name: 'the Kafka sink without brokers',
    yaml: 'sinks: [kafka]',
    says: ['kafka.brokers:', '[]', 'at least one host:port'],
  },
  {
    name: 'a broker without port',
    yaml: 'kafka: { brokers: [localhost] }',
    says: ['kafka.brokers[0]:', '"localhost"', 'host:port'],
  },
  {
    name: 'a broker with scheme',
    yaml: 'kafka: { brokers: ["kafka://localhost:9092"] }',
    says: ['kafka.brokers[0]:', '"kafka://localhost:9092"', 'host:port'],
  },
  {
    name: 'an unknown compression',
    yaml: 'kafka: { compression: lz5 }',
    says: ['kafka.compression:', '"lz5"', 'did you mean lz4?'],
  },
  {
    name: 'a topic prefix with a slash',
    yaml: 'kafka: { topic_prefix: "market/" }',
    says: ['kafka.topic_prefix:', '"market/"', 'letters, digits'],
  },
  { name: 'ssl as text', yaml: 'kafka: { ssl: "on" }', says: ['kafka.ssl:', '"on"', 'ca_file, cert_file, key_file'] },
  {
    name: 'an unknown key of ssl',
    yaml: 'kafka: { ssl: { ca: x.pem } }',
    says: ['kafka.ssl.ca:', 'x.pem', 'did you mean ca_file?'],
  },
  ...[
    ['gateway: { tokn: hunter2 }', 'gateway.tokn'],
    [
      'kafka: { sasl: { mechanism: plain, username: u, password_file: market-feed.yaml, pwd: hunter2 } }',
      'kafka.sasl.pwd',
    ],
    ['kafka: { schema_registry: { url: "http://x", pwd: hunter2 } }', 'kafka.schema_registry.pwd'],
    ['kafka: { pwd: hunter2 }', 'kafka.pwd'],
    ['gatewy: { tokn: hunter2 }', 'gatewy'],
    ['kafka: { sals: { pwd: hunter2 } }', 'kafka.sals'],
  ].map(([yaml = '', key = '']) => ({
    name: `a value that may be a secret: ${key}`,
    yaml,
    says: [`:1: ${key}: found an unknown key, allowed:`],
  })),
  {
    name: 'a certificate without key',
    yaml: 'kafka: { ssl: { cert_file: market-feed.yaml } }',
    says: ['kafka.ssl.cert_file:', '"market-feed.yaml"', 'only together with key_file'],
  },
  {
    name: 'a missing certificate file',
    yaml: 'kafka: { ssl: { ca_file: nowhere.pem } }',
    says: ['kafka.ssl.ca_file:', '"nowhere.pem"', 'no such file'],
  },
  {
    name: 'sasl without user',
    yaml: 'kafka: { sasl: { mechanism: plain, password_file: market-feed.yaml } }',
    says: ['kafka.sasl.username:', 'nothing', 'not empty'],
  },
  {
    name: 'sasl without password',
    yaml: 'kafka: { sasl: { mechanism: plain, username: me } }',
    says: ['kafka.sasl.password_file:', 'MARKET_FEED__KAFKA__SASL__PASSWORD'],
  },
  {
    name: 'an unknown mechanism',
    yaml: 'kafka: { sasl: { mechanism: PLAIN, username: me, password_file: market-feed.yaml } }',
    says: ['kafka.sasl.mechanism:', '"PLAIN"', 'scram-sha-512', 'did you mean plain?'],
  },
  {
    name: 'a password in the file',
    yaml: 'kafka: { sasl: { mechanism: plain, username: me, password_file: market-feed.yaml, password: hunter2 } }',
    says: ['kafka.sasl.password:', '[secret]', 'password_file'],
  },
  {
    name: 'a password file that is a folder',
    yaml: 'gateway: { token_file: . }',
    says: ['gateway.token_file:', '"."', 'is a directory'],
  },
  {
    name: 'a registry without URL',
    yaml: 'kafka: { schema_registry: { register: true } }',
    says: ['kafka.schema_registry.url:', 'nothing', 'http'],
  },
  {
    name: 'an origin with a query',
    yaml: 'gateway: { allowed_origins: ["https://x.org/?a"] }',
    says: ['gateway.allowed_origins[0]:', '"https://x.org/?a"', 'without'],
  },
  { name: 'an empty folder name', yaml: 'file: { dir: "" }', says: ['file.dir:', '""', 'a path'] },
  {
    name: 'a duplicate window',
    yaml: 'stats: { windows_ms: [1000, 1000] }',
    says: ['stats.windows_ms[1]:', '1000', 'each entry once'],
  },
  {
    name: 'an unknown log level',
    yaml: 'log: { level: verbose }',
    says: ['log.level:', '"verbose"', 'trace, debug, info'],
  },
  { name: 'no coin', yaml: 'coins: []', says: ['coins:', '[]', 'at least one coin'] },
  { name: 'a number for coins', yaml: 'coins: 20', says: ['coins:', '20', 'a list of coins such as [BTC, ETH]'] },
  {
    name: 'a coin that YAML reads as true',
    yaml: 'coins: [BTC, true]',
    says: ['coins[1]:', 'true', 'a coin such as BTC'],
  },
  {
    name: 'a coin against another quote',
    yaml: 'coins: [BTC, ETHUSD]',
    says: ['coins[1]:', '"ETHUSD"', 'the configured quote USDT'],
  },
  { name: 'a duplicate coin', yaml: 'coins: [BTC, BTC]', says: ['coins[1]:', '"BTC"', 'each entry once'] },
  {
    name: 'top_by_volume 0',
    yaml: 'coins:\n  all: true\n  top_by_volume: 0',
    says: [':3: coins.top_by_volume:', 'found 0', 'a whole number of coins from 1 to 10000'],
  },
  {
    name: 'an unknown Kafka client',
    yaml: 'kafka:\n  client: librdkafka',
    says: [':2: kafka.client:', '"librdkafka"', 'allowed: one of kafkajs, platformatic'],
  },
  { name: 'all: false', yaml: 'coins: { all: false }', says: ['coins.all:', 'false', 'true'] },
  {
    name: 'a missing coin file',
    yaml: 'coins: nowhere.json',
    says: ['coins:', '"nowhere.json"', 'no such file'],
  },
  {
    name: 'a coin file that is not a list',
    coins: '{ "BTC": "BTCUSDT" }',
    file: 'coins.json',
    says: [':1:', '{"BTC":"BTCUSDT"}', 'a list of at least one coin'],
  },
  {
    name: 'a coin file that is not JSON',
    coins: '[{ "coin": "BTC", ',
    file: 'coins.json',
    says: [':1', 'allowed: valid YAML'],
  },
  {
    name: 'a coin of another quote',
    coins: `[\n${COIN('"bybit": "BTCUSD"').slice(1)}`,
    file: 'coins.json',
    says: [':2: [0].symbols.bybit:', '"BTCUSD"', 'against the configured quote USDT', 'BTCUSDT'],
  },
  {
    name: 'a symbol of another coin',
    coins: COIN('"bybit": "BTCBUSDT"'),
    file: 'coins.json',
    says: ['[0].symbols.bybit:', '"BTCBUSDT"', '"BTCUSDT"'],
  },
  {
    name: 'an unknown venue of a coin',
    coins: COIN('"bybit": "BTCUSDT", "binanceus": null'),
    file: 'coins.json',
    says: ['[0].symbols.binanceus:', 'did you mean binance_us?'],
  },
  {
    name: 'a coin without a venue',
    coins: COIN('"bybit": null'),
    file: 'coins.json',
    says: ['[0].symbols:', 'null for every venue', 'at least one of'],
  },
  {
    name: 'a coin in lower case',
    coins: COIN('"bybit": "BTCUSDT"', '"btc"'),
    file: 'coins.json',
    says: ['[0].coin:', '"btc"', 'capital letters such as "BTC"'],
  },
  {
    name: 'a coin with blanks',
    coins: COIN('"bybit": "BTCUSDT"', '"B TC"'),
    file: 'coins.json',
    says: ['[0].coin:', '"B TC"', 'such as "BTC"'],
  },
  {
    name: 'a duplicate coin in the coin file',
    coins: '[{"coin":"A1","symbols":{"bybit":"A1USDT"}},{"coin":"A1","symbols":{"binance":"A1USDT"}}]',
    file: 'coins.json',
    says: ['[1].coin:', '"A1"', 'each coin once'],
  },
  {
    name: 'an unknown key of a coin',
    coins: '[{"coin":"BTC","teir":1,"symbols":{"bybit":"BTCUSDT"}}]',
    file: 'coins.json',
    says: ['[0].teir:', 'did you mean tier?'],
  },
  {
    name: 'a symbol that is a number',
    coins: COIN('"bybit": 5'),
    file: 'coins.json',
    says: ['[0].symbols.bybit:', '5', 'or null'],
  },
  {
    name: 'a duplicate key',
    yaml: 'quote: USDT\nfeed:\n  mode: all\n  mode: failover',
    says: [':4: mode:', 'a second time', 'each key once'],
  },
  {
    name: 'a cluster without brokers',
    yaml: 'cluster:\n  enabled: true',
    says: [':2: cluster.enabled:', 'true', 'sinks: [kafka] alone'],
  },
  {
    name: 'a cluster that writes files, too',
    yaml: 'cluster: { enabled: true }\nsinks: [kafka, file]\nkafka: { brokers: ["h:9092"] }',
    says: [':1: cluster.enabled:', 'true', 'sinks: [kafka] alone'],
  },
  {
    name: 'a coins section with an unknown key length',
    yaml: 'coins: { all: true, length: { toString: x } }',
    says: [':1: coins.length:', 'an unknown key', 'all, top_by_volume'],
  },
  { name: 'a tab for indentation', yaml: 'feed:\n\tmode: all', says: [':2:', 'no tabs'] },
  { name: 'a missing bracket', yaml: 'feed: { mode: all', says: [':1:', 'allowed: valid YAML'] },
  { name: 'an alias without anchor', yaml: 'feed: *fast', says: ['fast', 'allowed: valid YAML'] },
  { name: 'a tag', yaml: 'feed: !include other.yaml', says: [':1:', '!include', 'plain YAML without tags'] },
  { name: 'two documents', yaml: 'quote: USDT\n---\nquote: USDC', says: [':2:', 'one YAML document'] },
  {
    name: 'aliases that expand too far',
    yaml: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}`,
    says: ['alias', 'allowed: valid YAML'],
  },
  { name: 'a list at the top', yaml: '- quote: USDT', says: ['[{"quote":"USDT"}]', 'a mapping with the keys coins'] },
  { name: 'text at the top', yaml: 'hello', says: ['"hello"', 'a mapping with the keys coins'] },
  {
    name: 'bytes that are not UTF-8',
    yaml: Buffer.from([0x71, 0x75, 0xff, 0xfe, 0x3a]),
    says: ['not UTF-8', 'YAML text in UTF-8'],
  },
];

describe('an invalid configuration', () => {
  it('stops run with exit code 2 and a message', async () => {
    const configuration = write('market-feed.yaml', 'kafka: { client: librdkafka }');
    const io = fakeIo();
    expect(await dispatch(['run', '--config', configuration], io)).toBe(2);
    expect(io.err.text()).toContain(`${configuration}:1: kafka.client: found "librdkafka", allowed: one of kafkajs`);
  });

  it('is tested with at least forty kinds of errors', () => expect(BAD.length).toBeGreaterThanOrEqual(40));

  it.each(BAD)('stops check with exit code 2 and one message: $name', async ({ yaml, coins, says, file }) => {
    const configuration = write('market-feed.yaml', yaml ?? 'coins: coins.json\n');
    if (coins !== undefined) write('coins.json', coins);
    const io = fakeIo();
    const code = await dispatch(['check', '--config', configuration], io);
    const lines = io.err.text().trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const [message = ''] = lines;
    expect(message).toContain(file === undefined ? configuration : path.join(directory, file));
    for (const part of says) expect(message).toContain(part);
    expect(message).toContain('allowed');
    expect(message).not.toContain('hunter2');
    expect(code).toBe(2);
    expect(io.out.text()).toBe('');
  });

  it.each([
    ['a missing file', 'nowhere.yaml', 'no such file'],
    ['a folder', '.', 'directory'],
  ])('stops run with exit code 2 if --config names %s', async (_name, file, reason) => {
    const io = fakeIo();
    expect(await dispatch(['run', '--config', path.join(directory, file)], io)).toBe(2);
    expect(io.err.text()).toContain(path.join(directory, file));
    expect(io.err.text()).toContain(reason);
  });
});
