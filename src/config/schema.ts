import { z } from 'zod';
import { CHANNELS, VENUE_IDS, type VenueId, WEBSOCKET_URLS } from '../domain/instrument.ts';

/*
 * Every key of the configuration, with its default and allowed values. A schema's `error` is the text after "allowed:"
 * in a message; ConfigReport adds file, line, key and the found value.
 */

export function whole(min: number, max: number, unit = '') {
  const error = `a whole number${unit} from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

function ms(min: number, max: number) {
  return whole(min, max, ' of milliseconds');
}

function amount(min: number, max: number, unit: string) {
  const error = `a number${unit} from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

function flag() {
  return z.boolean({ error: 'true or false' });
}

function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

export function word(allowed: string, pattern: RegExp) {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

const PATH = /^[^\0]*[^\0\s][^\0]*$/;

function path() {
  return word('a path, relative to this file or absolute', PATH);
}

/** A file that may be left out. */
function optionalPath() {
  return word('a path, relative to this file or absolute, or null for none', PATH).nullable().default(null);
}

function list<T extends z.ZodType>(item: T, allowed: string, atLeast: number) {
  // The length is checked here, because zod's own checks also accept other values that have a `length`.
  return z.array(item, { error: allowed }).superRefine((items, context) => {
    if (items.length < atLeast)
      context.addIssue({ code: 'too_small', origin: 'array', minimum: atLeast, input: items, message: allowed });
    items.forEach((entry, index) => {
      if (items.indexOf(entry) !== index)
        context.addIssue({ code: 'custom', path: [index], input: entry, message: 'each entry once' });
    });
  });
}

function url(schemes: readonly [string, string]) {
  const error = `a URL with ${schemes[0]}:// or ${schemes[1]}://, without user, password, query or fragment`;
  return z.string({ error }).refine((value) => isPlainUrl(value, schemes, /[?#]/), { error });
}

function webSocketUrl() {
  const error = 'a URL with wss:// or ws://, without user, password or fragment';
  return z.string({ error }).superRefine((value, context) => {
    const message = streamsInUrl(value) ?? (isPlainUrl(value, ['wss', 'ws'], /#/) ? undefined : error);
    if (message !== undefined) context.addIssue({ code: 'custom', input: value, message });
  });
}

/** True for a URL with one of the schemes, and without login and blanks. `refused` matches what it must not have. */
function isPlainUrl(value: string, schemes: readonly string[], refused: RegExp): boolean {
  if (!URL.canParse(value) || /\s/.test(value)) return false;
  const parsed = new URL(value);
  const plain = parsed.username === '' && parsed.password === '' && !refused.test(value);
  return plain && parsed.hostname !== '' && schemes.some((scheme) => value.toLowerCase().startsWith(`${scheme}://`));
}

/** The message for an address with streams, in the query or in a path such as `/ws/btcusdt@trade`; else undefined. */
function streamsInUrl(value: string): string | undefined {
  if (!/[?&]streams=|\/ws\/[^?#]*@/i.test(value) || !URL.canParse(value)) return undefined;
  const { protocol, host, pathname } = new URL(value);
  const address = `${protocol}//${host}${pathname.replace(/\/ws\/.*/, '/ws')}`;
  return `the address without streams, ${address}: coins and feed.channels select what is subscribed`;
}

export function section<T extends z.core.$ZodLooseShape>(
  shape: T,
  allowed = `a section with the keys ${Object.keys(shape).join(', ')}`,
) {
  return z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? allowed : undefined) });
}

/** Marks keys that may come from the environment but not from the file. */
export const secrets = z.registry<{ readonly file: string }>();

function secret(fileKey: string) {
  const schema = z.string({ error: 'text' }).regex(/./s, { error: 'text that is not empty' });
  secrets.add(schema, { file: fileKey });
  return schema;
}

const reconnect = section({
  initial_delay_ms: ms(1, 3_600_000).default(1000),
  max_delay_ms: ms(1, 3_600_000).default(30_000),
  max_attempts: whole(1, 1_000_000).default(10),
  probe_every_ms: ms(10, 86_400_000).default(60_000),
}).superRefine((value, context) => {
  const message = `at most max_delay_ms, which is ${value.max_delay_ms}`;
  if (value.initial_delay_ms > value.max_delay_ms)
    context.addIssue({ code: 'custom', path: ['initial_delay_ms'], input: value.initial_delay_ms, message });
});

function venue(id: VenueId, restUrls: readonly string[]) {
  return section(venueKeys(id, restUrls)).prefault({});
}

/** A venue that sends times in microseconds on request. */
function venueWithMicros(id: VenueId, restUrls: readonly string[]) {
  return section({
    ...venueKeys(id, restUrls),
    time_unit: oneOf(['microsecond', 'millisecond']).default('microsecond'),
  }).prefault({});
}

function venueKeys(id: VenueId, restUrls: readonly string[]) {
  return {
    enabled: flag().default(true),
    websocket_urls: list(webSocketUrl(), 'a list of at least one WebSocket URL', 1).default([...WEBSOCKET_URLS[id]]),
    rest_urls: list(url(['https', 'http']), 'a list of at least one REST URL', 1).default([...restUrls]),
    lines: whole(1, 8).default(2),
    reconnect: reconnect.prefault({}),
    connect_timeout_ms: ms(10, 600_000).default(10_000),
    compression: flag().default(false),
    max_frame_mb: whole(1, 256, ' of megabytes').default(32),
  };
}

const venues = section({
  bybit: venue('bybit', ['https://api.bybit.com']),
  binance: venueWithMicros('binance', ['https://api.binance.com', 'https://data-api.binance.vision']),
  binance_us: venue('binance_us', ['https://api.binance.us']),
  binance_testnet: venueWithMicros('binance_testnet', ['https://testnet.binance.vision']),
} satisfies Record<VenueId, unknown>);

const ssl = z
  .union(
    [
      z.boolean(),
      section({ ca_file: path().optional(), cert_file: path().optional(), key_file: path().optional() }).superRefine(
        (value, context) => {
          const { cert_file: certificate, key_file: key } = value;
          if ((certificate === undefined) === (key === undefined)) return;
          const [given, other] = key === undefined ? ['cert_file', 'key_file'] : ['key_file', 'cert_file'];
          const message = `only together with ${other}`;
          context.addIssue({ code: 'custom', path: [given], input: certificate ?? key, message });
        },
      ),
    ],
    { error: 'null, true, false, or a section with the keys ca_file, cert_file, key_file' },
  )
  .nullable();

const sasl = section({
  mechanism: oneOf(['plain', 'scram-sha-256', 'scram-sha-512']),
  username: word('text that is not empty', /./),
  password_file: path().optional(),
  password: secret('password_file').optional(),
}).nullable();

const schemaRegistry = section({
  url: url(['https', 'http']),
  register: flag().default(true),
  user: word('text that is not empty', /./).nullable().default(null),
  password_file: optionalPath(),
  password: secret('password_file').optional(),
  ca_file: optionalPath(),
}).nullable();

const kafka = section({
  brokers: list(
    word(
      'host:port',
      /^(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):(?!0+$)(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
    ),
    'a list of host:port',
    0,
  ).default([]),
  client: oneOf(['kafkajs', 'platformatic']).default('kafkajs'),
  client_id: word('1 to 200 letters, digits, dots, underscores or hyphens', /^[\w.-]{1,200}$/).default('market-feed'),
  topic_prefix: word('at most 200 letters, digits, dots, underscores or hyphens', /^[\w.-]{0,200}$/).default('market.'),
  partitions: whole(1, 10_000).default(6),
  replication: whole(-1, 32_767)
    .refine((value) => value !== 0, { error: 'a whole number from 1 to 32767, or -1 for the default of the broker' })
    .default(-1),
  compression: oneOf(['none', 'gzip', 'lz4', 'zstd', 'snappy']).default('none'),
  batch: section({
    max_records: whole(1, 100_000).default(1000),
    linger_ms: ms(0, 60_000).default(0),
    min_interval_ms: ms(0, 60_000).nullable().default(null),
  }).prefault({}),
  ssl: ssl.default(null),
  sasl: sasl.default(null),
  schema_registry: schemaRegistry.default(null),
});

/** A coin's name: letters and digits of any script. */
export const COIN = /^[\p{L}\p{N}]{1,30}$/u;
const COINS_ALLOWED = 'a path of a JSON file, a list of coins such as [BTC, ETH], or { all: true }';
const COIN_ALLOWED = 'a coin such as BTC (in quotes if YAML would read it as another type)';
const DEFAULT_CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'] as const;
const everyCoin = section({
  all: z.literal(true, { error: 'true' }),
  top_by_volume: whole(1, 10_000, ' of coins').nullable().optional(),
});

const rotateMinutes = () => amount(0.01, 10_080, ' of minutes').default(60);

/** One schema for each top-level key, each validated by itself, so that one run reports all errors. */
export const sections = {
  coins: z
    .union([path(), list(word(COIN_ALLOWED, COIN), 'a list of at least one coin', 1), everyCoin], {
      error: COINS_ALLOWED,
    })
    .optional(),
  quote: word('the quote asset in capital letters, such as USDT', /^[A-Z0-9]{2,12}$/).default('USDT'),
  environment: oneOf(['production', 'simulated']).default('production'),
  feed: section({
    mode: oneOf(['failover', 'all']).default('failover'),
    venues: list(oneOf(VENUE_IDS), `a list of at least one of ${VENUE_IDS.join(', ')}`, 1).default([...VENUE_IDS]),
    channels: list(oneOf(CHANNELS), 'a list of at least one channel', 1).default([...DEFAULT_CHANNELS]),
    stale_after_ms: ms(100, 3_600_000).default(5000),
    coin_stale_after_ms: ms(100, 86_400_000).default(30_000),
    max_event_lag_ms: ms(1, 3_600_000).default(2000),
    failover_grace_ms: ms(0, 600_000).default(500),
    fail_back_after_ms: ms(0, 86_400_000).default(30_000),
    backfill: flag().default(true),
    dispute_bps: amount(0.1, 10_000, ' of basis points').default(100),
    dispute_after_ms: ms(0, 3_600_000).default(500),
    allow_test_data: flag().default(false),
  }).prefault({}),
  venues: venues.prefault({}),
  sinks: list(oneOf(['kafka', 'file', 'parquet']), 'a list of at least one of kafka, file, parquet', 1).optional(),
  kafka: kafka.prefault({}),
  file: section({
    dir: path().default('data'),
    rotate_mb: amount(0.001, 65_536, ' of megabytes').default(64),
    rotate_minutes: rotateMinutes(),
    codec: oneOf(['deflate', 'null']).nullable().default('deflate'),
  }).prefault({}),
  parquet: section({
    dir: path().default('data/parquet'),
    rotate_mb: amount(0.001, 65_536, ' of megabytes').default(128),
    rotate_minutes: rotateMinutes(),
  }).prefault({}),
  spill: section({
    dir: path().default('data/spill'),
    max_mb: whole(1, 1_048_576, ' of megabytes').default(1024),
  }).prefault({}),
  gateway: section({
    enabled: flag().default(true),
    host: word('a host name or address', /^[A-Za-z0-9._:-]+$/).default('127.0.0.1'),
    port: whole(0, 65_535).default(8080),
    token_file: optionalPath(),
    token: secret('token_file').optional(),
    allowed_origins: list(url(['https', 'http']), 'a list of origins such as https://example.org', 0).default([]),
    requests_per_minute: whole(1, 1_000_000).default(600),
    connections_per_address: whole(1, 5000).default(100),
  }).prefault({}),
  order_books: section({
    levels: whole(1, 5000).default(50),
    interval_ms: ms(10, 3_600_000).default(1000),
    delta_snapshot_every_ms: ms(1000, 86_400_000).default(60_000),
  }).prefault({}),
  stats: section({
    windows_ms: list(ms(100, 86_400_000), 'a list of at least one length in milliseconds', 1).default([1000, 60_000]),
    allowed_lateness_ms: ms(0, 3_600_000).default(2000),
    history_trades: whole(1, 1_000_000).default(1000),
    large_trade_threshold: amount(1, 1_000_000, '').default(10),
  }).prefault({}),
  cluster: section({
    enabled: flag().default(false),
    group: word('1 to 200 letters, digits, dots, underscores or hyphens', /^[\w.-]{1,200}$/).default('market-feed'),
    shards: whole(1, 1000).default(12),
    session_timeout_ms: ms(1000, 600_000).default(10_000),
    warm_standbys: whole(0, 1).default(1),
    takeover_after_ms: ms(1500, 600_000).default(2000),
    venue_budget_share: amount(0.01, 1, '').default(1),
  }).prefault({}),
  log: section({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  }).prefault({}),
};

export type SectionName = keyof typeof sections;
export type Sections = { [K in SectionName]: z.output<(typeof sections)[K]> };
