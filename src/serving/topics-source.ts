import { filter, firstValueFrom, from, NEVER, race, Subject, skipUntil, timer } from 'rxjs';
import type { ClientDeps, ClientOptions } from '../client/client-options.ts';
import { connectTopics } from '../client/connect-topics.ts';
import type { Market } from '../client/market.ts';
import { type ClientWarning, warningText } from '../client/source/source.ts';
import type { TopicName } from '../client/topic-name.ts';
import type { Config } from '../config/config.ts';
import { asFault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { GatewaySource } from '../gateway/gateway.ts';
import type { FetchBest } from '../gateway/rest/feed-endpoints.ts';
import type { BestPrices } from '../market/book/best-prices.ts';
import { aborted$, pauseFor } from '../net/aborted.ts';

const MINUTE_MS = 60_000;
/** How far back each topic is read, milliseconds: enough for the gateway's memory. */
const LOOK_BACK_MS = {
  prices: 0,
  'order-books': 0,
  // Books begin with a snapshot. There is one in each minute (`order_books.delta_snapshot_every_ms`).
  'book-deltas': 2 * MINUTE_MS,
  trades: 10 * MINUTE_MS,
  'large-trades': 10 * MINUTE_MS,
  'trade-stats': 30 * MINUTE_MS,
  'feed-status': 60 * MINUTE_MS,
  gaps: 24 * 60 * MINUTE_MS,
  audits: 125 * MINUTE_MS,
  klines: 8 * 60 * MINUTE_MS,
  // Has no effect: a client always reads this topic from its beginning.
  instruments: 0,
} satisfies { readonly [N in TopicName]?: number };
const SHOWN = Object.keys(LOOK_BACK_MS) as readonly (keyof typeof LOOK_BACK_MS)[];

/** A topic with a smaller lag counts as read up to the present, milliseconds. */
const NEARLY_THERE_MS = 1000;
/** After this time the source counts as caught up, whatever the lag. */
const CATCH_UP_WITHIN_MS = 20_000;
/** The first question for the best prices waits for the first book tickers this long, milliseconds. */
const FIRST_BEST_MS = 1000;
const ANSWERED_WITHIN_MS = 1250;
const AGAIN_AFTER_MS = 5000;

export interface TopicsSourceOptions extends ClientDeps {
  readonly config: Config;
  readonly log: (fields: object, message: string) => void;
  readonly signal: AbortSignal;
}

export interface TopicsSource extends GatewaySource {
  /** Connects, retrying as long as needed, and reads up to the present. Rejects with a Fault if that is impossible. */
  start(): Promise<void>;
  /** Rejects with a Fault if a topic can no longer be read, because old data would look like present data. */
  readonly failed: Promise<never>;
  /** Knows the venues whose book tickers are published. */
  readonly fetchBest: FetchBest;
  close(): Promise<void>;
}

/** A gateway's source that reads the topics, or files, of a pipeline elsewhere. */
export function topicsSource(options: TopicsSourceOptions): TopicsSource {
  const { config, log, signal, scheduler, wallClockMs } = options;
  const records$ = new Subject<readonly FeedRecord[]>();
  const failing = Promise.withResolvers<never>();
  failing.promise.catch(() => {});
  let market: Market | undefined;
  let behind: string | undefined = 'topics: not connected yet';

  const warn = (warning: ClientWarning): void => log({ event: 'topics' }, warningText(warning));
  const connect = async (): Promise<Market | undefined> => {
    while (!signal.aborted) {
      try {
        const wanted = { ...clientOptions(config, wallClockMs()), onWarning: warn };
        return await connectTopics(wanted, { scheduler, wallClockMs });
      } catch (error) {
        const fault = asFault(error);
        if (fault.retry.kind === 'never') throw fault;
        behind = `topics: ${fault.message}`;
        log({ event: 'topics_unavailable' }, `${fault.message}; tries again every ${AGAIN_AFTER_MS / 1000} s`);
        await pauseFor(AGAIN_AFTER_MS, scheduler, signal);
      }
    }
    return undefined;
  };
  /** By symbol. Undefined until the first question: reading all book tickers would be a cost for nothing. */
  let best: Map<string, BestPrices> | undefined;
  const fetchBest: FetchBest = async () => {
    if (market === undefined) return [];
    if (best === undefined) {
      const known = new Map<string, BestPrices>();
      best = known;
      market.best$().subscribe({
        next: (prices) => known.set(prices.symbol, prices),
        error: (error: unknown) => failing.reject(asFault(error)),
      });
      await pauseFor(FIRST_BEST_MS, scheduler, signal);
    }
    return [...best.values()];
  };
  const follow = (connected: Market): void => {
    const priced = new Set<string>();
    const give = (records: readonly FeedRecord[]): void => {
      for (const record of records) if (record.kind === 'price') priced.add(record.symbol);
      records$.next(records);
    };
    for (const name of SHOWN)
      connected.records$(name).subscribe({
        next: (record) => give([record]),
        error: (error: unknown) => failing.reject(asFault(error)),
      });
    // Live prices start with the next change. Until then, each symbol of a heartbeat gets its last known price.
    connected.status$.subscribe({
      next: ({ heartbeat }) => {
        const unpriced = heartbeat?.symbols.filter((symbol) => !priced.has(symbol)) ?? [];
        const ticks = unpriced.flatMap((symbol) => connected.latest(symbol) ?? []);
        if (ticks.length > 0) give(ticks);
      },
      // Reported above, where the topic is followed.
      error: () => {},
    });
  };
  return {
    records$,
    statusSnapshots$: NEVER,
    metricsSnapshots$: NEVER,
    get behind() {
      return behind;
    },
    fetchBest,
    failed: failing.promise,
    async start() {
      market = await connect();
      if (market === undefined) return;
      behind = 'topics: not read up to the present yet';
      follow(market);
      const stopped$ = aborted$(signal);
      await firstValueFrom(race(from(market.ready()), stopped$), { defaultValue: undefined });
      const there$ = market.lag$.pipe(
        // If the brokers do not answer about a topic, its lag shows this only after a second.
        skipUntil(timer(ANSWERED_WITHIN_MS, scheduler)),
        filter((lag) => Object.values(lag).every(({ ms }) => ms < NEARLY_THERE_MS)),
      );
      await firstValueFrom(race(there$, timer(CATCH_UP_WITHIN_MS, scheduler), stopped$), { defaultValue: undefined });
      behind = undefined;
    },
    async close() {
      await market?.close();
      records$.complete();
    },
  };
}

function clientOptions({ kafka, file, sinks, environment, feed, quote }: Config, now: number) {
  const from = Object.fromEntries(
    SHOWN.map((name) => [name, LOOK_BACK_MS[name] === 0 ? 'end' : now - LOOK_BACK_MS[name]]),
  );
  const common = { from, quote, environment: feed.allowTestData ? 'production' : environment } satisfies ClientOptions;
  if (!sinks.includes('kafka')) return { ...common, dir: file.dir };
  const { brokers, clientId, topicPrefix, ssl, sasl, schemaRegistry } = kafka;
  return {
    ...common,
    brokers,
    clientId,
    topicPrefix,
    ssl,
    sasl: sasl && { ...sasl, password: sasl.password.reveal() },
    schemaRegistry: schemaRegistry && { ...schemaRegistry, password: schemaRegistry.password?.reveal() ?? null },
  };
}
