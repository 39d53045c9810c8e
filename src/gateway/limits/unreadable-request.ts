import type { Socket } from 'node:net';
import type { ErrorAnswer } from '../api/fields.ts';

/** The errors that Node reports before Fastify sees a request, with the status and the error of the answer. */
const KNOWN: Readonly<Record<string, readonly [status: string, error: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'too_large', 'the head of this request is too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout', 'this request did not come in time'],
};

/** Answers a request that is not HTTP, whose head is too long, or that comes too slowly. Closes the connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, name, message] = KNOWN[error.code ?? ''] ?? [
    '400 Bad Request',
    'bad_request',
    'this is not an HTTP request',
  ];
  refuseConnection(socket, status, name, message);
}

/** Answers on a connection without a readable request, and closes the connection. */
export function refuseConnection(socket: Socket, status: string, error: string, message: string): void {
  const answer: ErrorAnswer = { error, message, details: {} };
  const body = JSON.stringify(answer);
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  socket.destroySoon();
}
