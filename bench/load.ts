/**
 * Generates the load: a simulated Binance in a process of its own. Its rate can be changed while it runs. Argument:
 * options of the simulator, as JSON.
 */
import { startSimulator } from '../src/simulator/server.ts';
import type { SimulatorOptions } from '../src/simulator/simulator-options.ts';
import { answer } from './child.ts';

const VENUE = 'binance';
/**
 * The rate with which the market is created, trades a second. It limits bursts: one order makes at most as many trades
 * as 0.1 s at this rate.
 */
const NOMINAL_RATE = 2000;

const options: SimulatorOptions = JSON.parse(process.argv[2] ?? '{}');

const simulator = await startSimulator({
  ...options,
  rate: { bybit: 0, binance: NOMINAL_RATE, binance_us: 0, binance_testnet: 0 },
  connectionLimit: false,
});
simulator.setRate(VENUE, 0);

answer({
  address: () => ({ webSocket: `${simulator.url}/${VENUE}/stream`, rest: `${simulator.httpUrl}/${VENUE}` }),
  rate: (rate: number) => simulator.setRate(VENUE, rate),
  /** Closes all connections. */
  close: () => simulator.fault({ venue: VENUE, fault: 'close', line: 'all' }),
  /** Refuses REST requests for some seconds. */
  refuseRest: (seconds: number) => simulator.fault({ venue: VENUE, fault: 'refuse_rest', seconds, status: 503 }),
  serveRest: () => simulator.clearFaults(),
  /** Number of connections that carry trades. */
  lines: () => simulator.counts()[VENUE]?.lines ?? 0,
  /** Number of trades made. Each line receives every trade in a frame of its own. */
  sent: () => simulator.counts()[VENUE]?.tradesMade ?? 0,
});
