/**
 * Generates the load: a simulated Bybit in a process of its own. Arguments: number of coins, trades a second, and the
 * journal's file if there is one.
 */
import { startSimulator } from '../../src/simulator/server.ts';
import { answer } from '../child.ts';

const VENUE = 'bybit';
const [symbols, rate, journal] = process.argv.slice(2);

const simulator = await startSimulator({
  symbols: Number(symbols),
  rate: { bybit: Number(rate), binance: 0, binance_us: 0, binance_testnet: 0 },
  ...(journal === undefined ? {} : { journal }),
  // All instances have one address, so together they would soon reach Bybit's limit of connections.
  connectionLimit: false,
});

answer({
  address: () => ({ webSocket: `${simulator.url}/${VENUE}/v5/public/spot`, rest: `${simulator.httpUrl}/${VENUE}` }),
  /** Number of trades made. */
  made: () => simulator.counts()[VENUE]?.tradesMade ?? 0,
  /** Ends the simulator. The journal is complete then. */
  close: () => simulator.close(),
});
