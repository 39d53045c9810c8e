import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const MECHANISMS = { 'scram-sha-256': [1, 'sha256', 32], 'scram-sha-512': [2, 'sha512', 64] } as const;
const ITERATIONS = 4096;

/**
 * Sets the SCRAM password of a user, and creates the user if it is new. `broker`: host:port of a listener without
 * login. It sends AlterUserScramCredentials v0, which kafkajs does not support.
 */
export async function setScramPassword(
  broker: string,
  user: string,
  mechanism: keyof typeof MECHANISMS,
  password: string,
): Promise<void> {
  const [number, digest, length] = MECHANISMS[mechanism];
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, length, digest);
  const iterations = Buffer.alloc(4);
  iterations.writeInt32BE(ITERATIONS);
  const request = Buffer.concat([
    Buffer.from(`00330000${'00000001'}${'0002'}6d6600`, 'hex'),
    // The request has no deletion and one insertion or update.
    Buffer.of(1, 2),
    compact(Buffer.from(user)),
    Buffer.of(number),
    iterations,
    compact(salt),
    compact(salted),
    Buffer.of(0, 0),
  ]);
  const answer = await ask(broker, request);
  // Before the code come size, correlation id, tags, throttle time, count, the length of the user's name and the name.
  const code = answer.readInt16BE(4 + 4 + 1 + 4 + 1 + 1 + Buffer.byteLength(user));
  if (code !== 0) throw new Error(`the broker refused the user ${user} with ${code}: ${answer.toString('latin1')}`);
}

/** A compact field: its length + 1 as a varint of one byte, then its bytes. */
const compact = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length + 1), bytes]);

async function ask(broker: string, request: Buffer): Promise<Buffer> {
  const [host = '', port = ''] = broker.split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect');
    const size = Buffer.alloc(4);
    size.writeInt32BE(request.length);
    socket.write(Buffer.concat([size, request]));
    let answer = Buffer.alloc(0);
    for await (const part of socket as AsyncIterable<Buffer>) {
      answer = Buffer.concat([answer, part]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) return answer;
    }
    throw new Error(`${broker} closed the connection without an answer`);
  } finally {
    socket.destroy();
  }
}
