import { join } from 'node:path';
import { startSubject } from '../subject.ts';
import type { Peer } from './peer.ts';

/** tardis-dev's own Binance feed with normalized trades, and kafkajs. */
export const tardis: Peer = {
  format: 'json',
  firstStep: 20_000,
  // A development dependency of this project.
  install: async () => {},
  start({ webSocket, broker, topic, markets, logFile }) {
    const script = join(import.meta.dirname, 'tardis-trades.ts');
    const work = [broker, topic, ...markets.map(({ symbol }) => symbol)];
    // tardis-dev reads the address from this variable. Its own address has the same parameter.
    const environment = { WSS_URL_BINANCE: `${webSocket}?timeUnit=microsecond` };
    return startSubject([script, ...work], logFile, { environment });
  },
};
