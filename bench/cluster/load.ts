/** Generates the load: a simulated Bybit in a process of its own. Arguments: number of coins, trades a second. */
import { startSimulator } from '../../src/simulator/server.ts';
import { answer } from '../child.ts';

const VENUE = 'bybit';
const [symbols = 1, rate = 0] = process.argv.slice(2).map(Number);

const simulator = await startSimulator({
  symbols,
  rate: { bybit: rate, binance: 0, binance_us: 0, binance_testnet: 0 },
  connectionLimit: false,
});

answer({
  address: () => ({ webSocket: `${simulator.url}/${VENUE}/v5/public/spot`, rest: `${simulator.httpUrl}/${VENUE}` }),
  /** Number of trades made. */
  made: () => simulator.counts()[VENUE]?.tradesMade ?? 0,
});
