import { join } from 'node:path';
import { fillOnce } from '../../testing/tools/java.ts';
import { tools } from '../../testing/tools/tools.ts';
import { startSubject } from '../subject.ts';
import { type Peer, runStep } from './peer.ts';

const VERSION = '4.5.84';
const installed = join(tools, 'ccxt', VERSION);

/** ccxt's own Binance connection, and kafkajs. ccxt is installed into .tools. */
export const ccxt: Peer = {
  format: 'json',
  firstStep: 20_000,
  install: () =>
    fillOnce(installed, (fresh) => {
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      return runStep('npm cannot install it', 'npm', ['install', '--prefix', fresh, ...flags, `ccxt@${VERSION}`]);
    }),
  start({ webSocket, rest, broker, topic, markets, logFile }) {
    const script = join(import.meta.dirname, 'ccxt-trades.ts');
    const library = join(installed, 'node_modules', 'ccxt', 'js', 'ccxt.js');
    const pairs = markets.map(({ coin }) => `${coin}/USDT`);
    return startSubject([script, library, webSocket, rest, broker, topic, ...pairs], logFile);
  },
};
