import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const MIN_LENGTH = 1024;

const compressed = promisify(gzip);

/** True if the client accepts answers in gzip. */
export function acceptsGzip({ headers }: FastifyRequest): boolean {
  const accepted = String(headers['accept-encoding'] ?? '').split(',');
  return accepted.some((encoding) => /^\s*(?:gzip|\*)\s*(?:$|;(?!\s*q=0(?:\.0*)?\s*$))/i.test(encoding));
}

/** Marks the answer for caches: it depends on the header `accept-encoding`, too. */
export function varyByEncoding(reply: FastifyReply): void {
  const others = reply.getHeader('vary');
  reply.header('vary', others === undefined ? 'accept-encoding' : `${String(others)}, accept-encoding`);
}

/**
 * Compresses long text answers. Each is compressed as a whole before it is sent, so that a client that does not read
 * keeps no compressor in memory.
 */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook<unknown>('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || payload.length < MIN_LENGTH) return payload;
    varyByEncoding(reply);
    if (!acceptsGzip(request)) return payload;
    reply.removeHeader('content-length');
    reply.header('content-encoding', 'gzip');
    return compressed(payload);
  });
}
