import { connect } from 'node:net';
import { until } from '../tools/until.ts';

/** Metadata v4: length, API key, version, correlation id, client id `mf`, no topics, create none. */
const request = Buffer.from('00000011' + '0003' + '0004' + '00000001' + '0002' + '6d66' + '00000000' + '00', 'hex');

interface WaitOptions {
  readonly timeoutMs?: number;
  /** Returns false once the broker's process has ended. */
  readonly alive?: () => boolean;
  /** Number of brokers that must be listed. */
  readonly atLeast?: number;
}

/**
 * Resolves when the answer to a Metadata request lists enough brokers: they are then registered and not fenced. An open
 * port alone does not show that.
 */
export async function waitForBroker(
  host: string,
  port: number,
  { timeoutMs = 100_000, alive = () => true, atLeast = 1 }: WaitOptions = {},
): Promise<void> {
  let stopped = false;
  await until(
    async () => {
      stopped = !alive();
      return stopped || (await brokersAt(host, port)) >= atLeast;
    },
    { timeoutMs, everyMs: 100, message: `a broker answers at ${host}:${port}` },
  );
  if (stopped) throw new Error(`the broker at ${host}:${port} ended before it answered`);
}

function brokersAt(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const chunks: Buffer[] = [];
    const done = (brokers: number) => {
      socket.destroy();
      resolve(brokers);
    };
    socket.setTimeout(2000, () => done(0));
    socket.once('error', () => done(0));
    socket.once('close', () => done(0));
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const answer = Buffer.concat(chunks);
      // The answer begins with size, correlation id, throttle time and number of brokers, each an int32.
      if (answer.length >= 16) done(answer.readInt32BE(12));
    });
  });
}
