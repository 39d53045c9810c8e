/**
 * ccxt's own Binance connection, pointed at the simulator. Arguments: ccxt's main file, WebSocket URL, REST URL, broker,
 * topic, symbols (BTC/USDT ...).
 */
import { pathToFileURL } from 'node:url';
import { connectSink } from '../baseline/connect-sink.ts';

/** The members of ccxt's trades and exchange that this program uses. */
interface Trade {
  readonly symbol: string;
  readonly id: string | undefined;
  readonly side: string;
  readonly price: number;
  readonly amount: number;
  readonly timestamp: number;
}
interface Exchange {
  /** Caches of the trades that `watchTrades` returned, by symbol. */
  readonly trades: Readonly<Record<string, { clear(): void }>>;
  readonly urls: { readonly api: { public: string; readonly ws: { spot: string } } };
  loadHttpProxyAgent(): Promise<unknown>;
  loadMarkets(): Promise<unknown>;
  watchTrades(symbol: string): Promise<readonly Trade[]>;
  watchTradesForSymbols(symbols: readonly string[]): Promise<unknown>;
}

const [library = '', webSocket = '', rest = '', broker = '', topic = '', ...symbols] = process.argv.slice(2);
const { pro }: { pro: { binance: new (config: object) => Exchange } } = await import(pathToFileURL(library).href);
const send = await connectSink(broker, topic);

const exchange = new pro.binance({
  // One connection for all symbols, as in the other programs. ccxt can read some 1,500 frames before it returns trades;
  // its cache of a symbol, 1,000 trades by default, must hold them all.
  options: { fetchMarkets: { types: ['spot'] }, streamLimits: { spot: 1 }, tradesLimit: 10_000 },
});
exchange.urls.api.public = `${rest}/api/v3`;
// ccxt appends /0 to the address, and takes an address without "/stream" for futures.
exchange.urls.api.ws.spot = `${webSocket.replace(/stream$/, 'ws')}?/stream`;
await exchange.loadHttpProxyAgent(); // necessary for ws://
await exchange.loadMarkets();

// One request subscribes to all symbols: Binance allows only five requests a second. But then, one call for each symbol
// waits for its trades. A call for all symbols returns the trades of one, and keeps the others until their next trade.
exchange.watchTradesForSymbols(symbols).catch(fail);
for (const symbol of symbols) forward(symbol).catch(fail);

async function forward(watched: string): Promise<never> {
  for (;;) {
    const trades = await exchange.watchTrades(watched);
    for (const { symbol, id, side, price, amount, timestamp } of trades)
      send({ key: symbol, value: JSON.stringify({ symbol, id, side, price, amount, timestamp }) });
    // In a full cache, each new trade moves all others.
    exchange.trades[watched]?.clear();
  }
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}
