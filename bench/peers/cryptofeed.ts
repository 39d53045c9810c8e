import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from '../../testing/tools/tools.ts';
import { startSubject } from '../subject.ts';
import { type Peer, runStep } from './peer.ts';

const PACKAGES = ['cryptofeed==2.4.1', 'aiokafka==0.14.0'];
const IMPORTS = 'import cryptofeed, aiokafka';

const given = process.env.BENCH_CRYPTOFEED_PYTHON;
const environment = join(tools, 'cryptofeed');
const python = given ?? join(environment, 'bin', 'python');

/**
 * cryptofeed's own Binance connection and Kafka backend, with the Python of BENCH_CRYPTOFEED_PYTHON or of an environment
 * in .tools.
 */
export const cryptofeed: Peer = {
  format: 'json-seconds',
  firstStep: 1000,
  async install() {
    if (given === undefined && !existsSync(python)) {
      await runStep('no Python environment can be made', 'python3', ['-m', 'venv', environment]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
      await runStep('pip cannot install its packages', python, [...pip, ...PACKAGES]);
    }
    await runStep('Python cannot import its packages', python, ['-c', IMPORTS]);
  },
  start({ webSocket, rest, broker, topic, markets, logFile }) {
    const script = join(import.meta.dirname, 'simulated_binance.py');
    const pairs = markets.map(({ coin }) => `${coin}-USDT`);
    const work = [webSocket.replace(/\/stream$/, ''), rest, broker, topic, ...pairs];
    return startSubject([script, ...work], logFile, { command: python });
  },
};
