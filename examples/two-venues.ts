// Prints the BTC volume of each minute. Bybit serves; Binance takes over if Bybit is stale or disconnected.
// Run: node examples/two-venues.ts [WINDOW_MS BYBIT_URL BINANCE_URL]. In your own project, import from
// 'market-feed/operators' and 'market-feed/venues'.
import { detectStale, failover, retryBackoff, windowStats } from '../src/operators/index.ts';
import { binance, bybit, type TradeEvent, trades } from '../src/venues/index.ts';

const [windowMs = '60000', ...urls] = process.argv.slice(2);
const isData = ({ kind }: { readonly kind: string }) => kind === 'value';
const sources = [bybit, binance].map((adapter, index) => ({
  id: index === 0 ? 'bybit' : 'binance',
  events$: adapter({ symbols: ['BTCUSDT'], websocketUrls: urls[index]?.split(',') }).pipe(
    detectStale({ staleAfterMs: 5000, isData }),
    retryBackoff({ initialDelayMs: 1000, maxDelayMs: 30_000, isData }),
  ),
}));
const volume = { create: () => 0, add: (sum: number, { quantity }: TradeEvent) => sum + Number(quantity) };
const by = { keyOf: (trade: TradeEvent) => trade.venue, timestampOf: (trade: TradeEvent) => trade.timestamp };
const windows = { windowMs: Number(windowMs), allowedLatenessMs: 1000, idleAfterMs: 5000, ...by, ...volume };
failover(sources, { graceMs: 500, failBackAfterMs: 30_000, connectTimeoutMs: 10_000, ringSpan: 10_000_000 })
  .pipe(trades(), windowStats(windows))
  .subscribe(({ key, windowStart, accumulator }) => console.log(key, new Date(windowStart).toISOString(), accumulator));
