import { type ClientOptions, connectTopics, type Market } from '../../src/client/index.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { wallClock } from '../../src/net/wall-clock.ts';
import { compareTrades, readJournal } from '../../testing/judges/journal.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { until } from '../../testing/tools/until.ts';

/* Follows a feed's topics with a client, and compares the received trades with the topic and the journal. */

/** Milliseconds from the simulator's send to the client's `next`. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The simulator truncates its time to whole milliseconds, which adds half a millisecond to the average latency. */
const TRUNCATED_MS = 0.5;

/** A client of a feed in another process. It keeps every trade that it received, and its latency. */
export class ClientRun {
  readonly market: Market;
  readonly trades: TradeEvent[] = [];
  readonly #options: ClientOptions;
  #latencies: number[] = [];

  private constructor(market: Market, options: ClientOptions) {
    this.market = market;
    this.#options = options;
    const micros = wallClock();
    market.trades$().subscribe((trade) => {
      this.trades.push(trade);
      if (trade.source === 'live') this.#latencies.push(micros() / 1000 - trade.timestamp - TRUNCATED_MS);
    });
  }

  static async start(options: ClientOptions): Promise<ClientRun> {
    const run = new ClientRun(await connectTopics(options), options);
    await run.market.ready();
    return run;
  }

  /** Latency of the live trades since the last call. */
  latency(): Latency {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    this.#latencies = [];
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  /**
   * Compares the received trades with the topic, read from start to end, and with the journal. Call it when nothing is
   * published any more.
   */
  async problems(journalFile: string): Promise<readonly string[]> {
    const published = await this.#published();
    const last = lastIds(published);
    await until(() => [...last].every(([symbol, id]) => lastIds(this.trades).get(symbol) === id), {
      timeoutMs: 60_000,
      message: 'the client has the last trade of each symbol',
    });
    const names = this.trades.map(nameOf);
    const given = new Set(names);
    const first = published.findIndex((trade) => given.has(nameOf(trade)));
    const missed = published
      .slice(first)
      .filter((trade) => !given.has(nameOf(trade)) && isAfterFirst(trade, this.trades));
    const journal = await readJournal(journalFile, ({ kind }) => kind === 'trade');
    return [
      ...(names.length === given.size ? [] : [`${names.length - given.size} trades came twice`]),
      ...(missed.length === 0
        ? []
        : [`${missed.length} published trades did not come, first ${nameOf(missed[0] as TradeEvent)}`]),
      ...compareTrades(this.trades, journal).problems,
    ];
  }

  async #published(): Promise<TradeEvent[]> {
    const { brokers = [], topicPrefix = '' } = this.#options;
    const trades: TradeEvent[] = [];
    const topic = `${topicPrefix}simulated.trades`;
    const options = { from: 'beginning', follow: false } as const;
    for await (const { record } of readTopic(kafkaConfig(brokers), topic, options, () => {}))
      if ('kind' in record && record.kind === 'trade') trades.push(record);
    return trades;
  }
}

const nameOf = ({ venue, symbol, epoch, tradeId }: TradeEvent): string => `${venue} ${symbol} ${epoch} ${tradeId}`;

const lastIds = (trades: readonly TradeEvent[]): ReadonlyMap<string, string> =>
  new Map(trades.map(({ symbol, tradeId }) => [symbol, tradeId]));

/** True for a trade after the first received one of its symbol. The client joins each partition at another moment. */
function isAfterFirst({ symbol, tradeId }: TradeEvent, given: readonly TradeEvent[]): boolean {
  const first = given.find((trade) => trade.symbol === symbol);
  return first !== undefined && BigInt(tradeId) > BigInt(first.tradeId);
}
