import { join } from 'node:path';
import { tools } from '../../testing/tools/tools.ts';
import { startSubject } from '../subject.ts';
import { type Peer, runStep } from './peer.ts';

const program = join(tools, 'peers', 'go');

/** The same work as baseline/script.ts, written in Go. */
export const go: Peer = {
  format: 'avro',
  firstStep: 20_000,
  // Go has a build cache, so it builds again only after a change.
  async install() {
    const failure = 'go build fails, perhaps because it cannot download its modules';
    const args = ['build', '-buildvcs=false', '-o', program, '.'];
    await runStep(failure, 'go', args, join(import.meta.dirname, 'go'));
  },
  start({ webSocket, broker, topic, schemaFile, header, markets, logFile }) {
    const work = [webSocket, broker, topic, schemaFile, header, ...markets.map(({ symbol }) => symbol)];
    return startSubject(work, logFile, { command: program });
  },
};
