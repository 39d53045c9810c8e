/** The load, a process of its own: the simulated Binance with a rate that can be changed while it runs. */
import { startSimulator } from '../src/simulator/server.ts';
import { answer } from './child.ts';

const VENUE = 'binance';
/** Of the market, by which it decides how long its bursts are: up to a tenth of a second's trades in one order. */
const NOMINAL_RATE = 2000;

const simulator = await startSimulator({
  rate: { bybit: 0, binance: NOMINAL_RATE, binance_us: 0, binance_testnet: 0 },
  connectionLimit: false,
});
simulator.setRate(VENUE, 0);

answer({
  address: () => ({ webSocket: `${simulator.url}/${VENUE}/stream`, rest: `${simulator.httpUrl}/${VENUE}` }),
  rate: (rate: number) => simulator.setRate(VENUE, rate),
  /** Connections that carry trades. */
  lines: () => simulator.counts()[VENUE]?.lines ?? 0,
  /** Trades, of which each line is sent one frame each. */
  sent: () => simulator.counts()[VENUE]?.tradesMade ?? 0,
});
