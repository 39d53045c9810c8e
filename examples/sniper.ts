// A paper strategy on the topics. It buys on a strong buy flow with a large trade, and sells at a target or a stop. It
// asks the trading guard before each order, and writes its ledger as JSON to stdout.
//   node examples/sniper.ts --dir data/demo --allow-test-data          while `make demo` runs
//   node examples/sniper.ts localhost:9092 --coins BTC,ETH             with a feed that writes to Kafka
// The option --backtest plays the files of --dir without waits.
// In your own project, import from 'market-feed', 'market-feed/client' and 'market-feed/decimal'.
import { parseArgs } from 'node:util';
import { connectTopics, type Market, type TradingDecision } from '../src/client/index.ts';
import { add, compare, divide, multiply, subtract } from '../src/decimal/index.ts';
import type { Decimal, Environment, LargeTrade, PriceTick, TradeStats } from '../src/index.ts';

const BUDGET = '1000'; // of the quote asset, for each position
const TAKE_PROFIT = '1.001'; // times the paid price
const STOP_LOSS = '0.9995';
const FLOW_MS = 5000; // how long a strong flow counts, by the venue's clock
const FRESH_MS = 5000; // maximum age of a record to act on, by received_at

interface Position {
  readonly coin: string;
  readonly quantity: Decimal;
  readonly paid: Decimal;
  readonly takeProfit: Decimal;
  readonly stopLoss: Decimal;
}

export interface SniperDeps {
  /** The guard, asked before each order. */
  readonly decision: (coin: string) => TradingDecision;
  readonly allowTestData: boolean;
  readonly wallClockMs: () => number;
  readonly write: (line: Readonly<Record<string, unknown>>) => void;
}

/** The strategy. During a halt it opens nothing, and keeps open positions until trading resumes. */
export class Sniper {
  readonly positions = new Map<string, Position>();
  readonly #deps: SniperDeps;
  readonly #flows = new Map<string, TradeStats>();
  #fills = 0;
  #profit = '0';

  constructor(deps: SniperDeps) {
    this.#deps = deps;
  }

  onStats(stats: TradeStats): void {
    if (stats.windowMs === 1000 && stats.complete && stats.flow === 'strong_buy') this.#flows.set(stats.coin, stats);
  }

  onLargeTrade(trade: LargeTrade): void {
    const { coin, epoch, isBuyerMaker, source, timestamp, quantity, price, multiple } = trade;
    const flow = this.#flows.get(coin);
    if (isBuyerMaker || source !== 'live' || this.positions.has(coin)) return;
    if (flow === undefined || flow.epoch !== epoch || timestamp - flow.windowEnd > FLOW_MS) return;
    const { state, reason, price: last } = this.#deps.decision(coin);
    if (last === null || last.epoch !== epoch || !this.#isUsable(trade) || !this.#isUsable(last)) return;
    const why = `strong_buy (${flow.buyRatioVolume.toFixed(2)}) and ${quantity} bought at ${price}, ${multiple.toFixed(1)} times the mean`;
    if (state === 'halted') {
      this.#write('not_bought', { coin, why, halted: reason });
      return;
    }
    const bought = divide(BUDGET, last.price, { places: 8, rounding: 'down' });
    const levels = { takeProfit: multiply(last.price, TAKE_PROFIT), stopLoss: multiply(last.price, STOP_LOSS) };
    this.positions.set(coin, { coin, quantity: bought, paid: last.price, ...levels });
    this.#fills++;
    this.#write('bought', { coin, quantity: bought, price: last.price, ...levels, why });
  }

  /** Trades at the price that the guard judged: the guard leaves out a late price of an earlier epoch. */
  onPrice({ coin }: PriceTick): void {
    const position = this.positions.get(coin);
    if (position === undefined) return;
    const { state, price: last } = this.#deps.decision(coin);
    if (state === 'halted' || last === null || !this.#isUsable(last)) return;
    const { quantity, paid, takeProfit, stopLoss } = position;
    const isHigh = compare(last.price, takeProfit) >= 0;
    if (!isHigh && compare(last.price, stopLoss) > 0) return;
    this.positions.delete(coin);
    this.#fills++;
    const profit = multiply(subtract(last.price, paid), quantity);
    this.#profit = add(this.#profit, profit);
    const why = isHigh ? `take profit ${takeProfit}` : `stop loss ${stopLoss}`;
    this.#write('sold', { coin, quantity, price: last.price, profit, why });
  }

  onDecision({ coin, state, causes, reason }: TradingDecision): void {
    const isKept = state === 'halted' && this.positions.has(coin ?? '');
    const kept = isKept ? { position: 'kept until it may be traded again' } : {};
    this.#write(state === 'halted' ? 'halted' : 'resumed', { coin, causes, reason, ...kept });
  }

  ledger(): void {
    const { positions } = this;
    this.#write('ledger', { positions: [...positions.values()], fills: this.#fills, profit: this.#profit });
  }

  /** The guard judges the feed. The strategy itself checks that this record is fresh and real. */
  #isUsable({ environment, receivedAt }: { readonly environment: Environment; readonly receivedAt: number }): boolean {
    if (environment !== 'production' && !this.#deps.allowTestData) return false;
    return this.#deps.wallClockMs() - receivedAt / 1000 < FRESH_MS;
  }

  #write(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#deps.write({ at: new Date(this.#deps.wallClockMs()).toISOString(), event, ...fields });
  }
}

type Followed = Pick<Market, 'trading$' | 'prices$' | 'tradeStats$' | 'largeTrades$'>;

/** Subscribes the sniper to one coin. Without an error handler, an Observable's error would end the process. */
export function follow(market: Followed, coin: string, sniper: Sniper, error: (reason: unknown) => void): void {
  market.trading$(coin).subscribe({ next: (decision) => sniper.onDecision(decision), error });
  market.prices$(coin).subscribe({ next: (tick) => sniper.onPrice(tick), error });
  market.tradeStats$(coin).subscribe({ next: (stats) => sniper.onStats(stats), error });
  market.largeTrades$(coin).subscribe({ next: (trade) => sniper.onLargeTrade(trade), error });
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

const readArguments = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string' },
      coins: { type: 'string', default: 'BTC,ETH,SOL' },
      environment: { type: 'string', default: 'production' }, // selects the topics: `simulated` has its own
      prefix: { type: 'string', default: 'market.' },
      'allow-test-data': { type: 'boolean', default: false },
      backtest: { type: 'boolean', default: false }, // plays the files of `dir`; the records give the time
      duration: { type: 'string' }, // seconds
    },
  });

/** Ends the process with one line if it cannot start. */
function refuse(reason: unknown): never {
  console.error(`sniper: ${messageOf(reason)}`);
  process.exit(2);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.dir === undefined && positionals.length === 0)
    throw new Error('name the brokers (host:port) or a folder with --dir');
  const allowTestData = values['allow-test-data'];
  const environment = values.environment as Environment;
  const place = values.dir === undefined ? { brokers: positionals } : { dir: values.dir };
  const clock = values.backtest ? 'records' : 'wall';
  const market = await connectTopics({ ...place, clock, topicPrefix: values.prefix, environment, allowTestData });
  const coins = values.coins.split(',');
  const guard = market.guard();
  const write = (line: object): void => console.log(JSON.stringify(line));
  const sniper = new Sniper({ decision: guard.decision, allowTestData, wallClockMs: () => market.now(), write });
  let isStopped = false;
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    sniper.ledger();
    const unknown = values.backtest ? coins.filter((coin) => market.latest(coin) === undefined) : [];
    if (unknown.length > 0) console.error(`sniper: no price of ${unknown.join(', ')} in ${values.dir}`);
    if (unknown.length === coins.length) process.exitCode = 1;
    void market.close();
  };
  const fail = (reason: unknown): void => {
    if (isStopped) return;
    console.error(`sniper: ${messageOf(reason)}`);
    process.exitCode = 1;
    stop();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  for (const coin of coins) follow(market, coin, sniper, fail);
  market.status$.subscribe({ complete: stop, error: fail }); // at the end of a backtest
  if (values.duration !== undefined) setTimeout(stop, Number(values.duration) * 1000).unref();
}

if (import.meta.main) await main().catch(refuse);
