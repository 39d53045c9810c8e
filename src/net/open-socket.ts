import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { Fault } from '../domain/fault.ts';
import type { RawFrame } from '../domain/venue-event.ts';
import { flatHeaders, type HttpAnswer } from './http-request.ts';
import { networkFault } from './network-fault.ts';
import { oncePerTask } from './once-per-task.ts';
import { type WallClock, wallClock } from './wall-clock.ts';

export interface SocketOptions {
  /** Milliseconds from the start of the connection to the end of the handshake. */
  readonly connectTimeoutMs: number;
  readonly compression: boolean;
  /** Limit of a decompressed frame; a longer frame ends the connection. */
  readonly maxFrameBytes: number;
  /**
   * Gives each frame its receive time; uncompressed frames of one socket read get the same time. Default: the system's
   * wall clock.
   */
  readonly clock?: WallClock | undefined;
}

export type SocketEnd =
  /** The handshake was answered, but not with HTTP status 101. The refusal has at most 64 KiB of the body. */
  | { readonly kind: 'refused'; readonly refusal: HttpAnswer }
  /**
   * The fault's kind is `connect_failed`, `connect_timeout` or `connection_closed`; its status is the close code, if
   * any.
   */
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** The server sent something that cannot be received, so the connection was closed. */
  | { readonly kind: 'violated'; readonly what: 'frame_too_large' | 'protocol_error'; readonly fault: Fault };

/** Receives a socket's events. No callback runs before `openSocket` returns, or after `onEnd` or `close()`. */
export interface SocketHandlers {
  onOpen(): void;
  /** `frame.data` is a view of the receive buffer: copy it to keep it for long. */
  onFrame(frame: RawFrame): void;
  /** Called when the server pinged and a pong has been sent. */
  onPing(): void;
  onPong(): void;
  /** Called exactly once, unless `close()` came first. */
  onEnd(end: SocketEnd): void;
}

/** A connecting or open connection. Sending does nothing unless it is open. */
export interface Socket {
  send(text: string): void;
  ping(): void;
  /** Sends a close frame, waits half a second for its answer, then terminates the connection. */
  close(): void;
}

/**
 * Number of bytes to read before other work gets its turn. Otherwise libuv would read 2 MiB at once, and the sink's
 * answers would wait.
 */
const AT_ONCE_BYTES = 64 * 1024;
const MAX_REFUSAL_BODY = 64 * 1024;
/**
 * Limits of what a server may let wait: parts of one message, reads of the socket until a frame is complete, and pongs
 * that it does not read. Messages of venues have one part.
 */
const LIMITS = { maxFragments: 16_384, maxBufferedChunks: 262_144, maxPendingAutoPongs: 60, closeTimeout: 500 };
type LimitedOptions = typeof LIMITS;
const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;

const systemClock = wallClock();

/** Opens a WebSocket connection and reports its events to `handlers`. Never throws. */
export function openSocket(url: string, options: SocketOptions, handlers: SocketHandlers): Socket {
  const clock = oncePerTask(options.clock ?? systemClock);
  let ended = false;
  let opened = false;
  let webSocket: WebSocket | undefined;
  /** Bytes received since the last pause. */
  let taken = 0;
  let giveUp = (): void => {
    const waited = `no answer from ${hostOf(url)} within ${options.connectTimeoutMs} ms`;
    end({ kind: 'failed', fault: new Fault('connect_timeout', waited) });
  };

  function end(how: SocketEnd): void {
    if (ended) return;
    release();
    handlers.onEnd(how);
  }

  function release(): void {
    ended = true;
    clearTimeout(connectTimer);
    webSocket?.off('message', onMessage);
  }

  function onMessage(data: Buffer, binary: boolean): void {
    handlers.onFrame({ data, binary, receivedAt: clock() });
    taken += data.length;
    if (taken < AT_ONCE_BYTES || webSocket === undefined || webSocket.isPaused) return;
    webSocket.pause();
    setImmediate(() => {
      taken = 0;
      webSocket?.resume();
    });
  }

  function onError(error: Error): void {
    if (!opened) end({ kind: 'failed', fault: networkFault(error, url) });
    else end(violation(error, url));
  }

  const connectTimer = setTimeout(() => {
    giveUp();
    webSocket?.terminate();
  }, options.connectTimeoutMs);

  try {
    webSocket = new WebSocket(url, webSocketOptions(options));
  } catch (error) {
    const message = `not a WebSocket address: ${url}`;
    const fault = new Fault('connect_failed', message, { retry: { kind: 'never' }, cause: error });
    process.nextTick(end, { kind: 'failed', fault });
    return { send: ignore, ping: ignore, close: release };
  }

  const socket = webSocket;
  socket.on('open', () => {
    if (ended) return;
    opened = true;
    clearTimeout(connectTimer);
    handlers.onOpen();
  });
  socket.on('message', onMessage);
  socket.on('ping', () => {
    if (!ended) handlers.onPing();
  });
  socket.on('pong', () => {
    if (!ended) handlers.onPong();
  });
  socket.on('unexpected-response', (_request, response) => {
    giveUp = readRefusal(response, (refusal) => {
      end({ kind: 'refused', refusal });
      socket.terminate();
    });
  });
  // This listener stays: ws emits errors after close() and terminate() too, and an unhandled one would end the process.
  socket.on('error', onError);
  socket.on('close', (code, reason) => {
    end({ kind: 'failed', fault: closed(code, reason, url) });
  });

  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close() {
      if (!ended) release();
      socket.close(NORMAL_CLOSURE);
    },
  };
}

/** Makes the options of `ws`. Its type declarations lack some of them. */
function webSocketOptions(options: SocketOptions): WebSocket.ClientOptions & LimitedOptions {
  return {
    ...LIMITS,
    perMessageDeflate: options.compression,
    maxPayload: options.maxFrameBytes,
    // The decoder checks the text: a frame that is not UTF-8 is a dead letter, not the end of the connection.
    skipUTF8Validation: true,
    followRedirects: false,
  };
}

/** Reads the body of a refusal up to its limit. The returned function finishes early with what has arrived. */
function readRefusal(response: IncomingMessage, done: (refusal: HttpAnswer) => void): () => void {
  const parts: Buffer[] = [];
  let size = 0;
  const finish = (): void => {
    response.off('data', take);
    const body = Buffer.concat(parts).subarray(0, MAX_REFUSAL_BODY).toString('utf8');
    done({ status: response.statusCode ?? 0, headers: flatHeaders(response), body });
  };
  const take = (part: Buffer): void => {
    parts.push(part);
    size += part.length;
    if (size >= MAX_REFUSAL_BODY) finish();
  };
  response.on('data', take);
  response.once('end', finish);
  response.once('error', finish);
  return finish;
}

function violation(error: Error, url: string): SocketEnd {
  const tooLarge = 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
  const what = tooLarge ? 'frame_too_large' : 'protocol_error';
  const status = tooLarge ? 1009 : 1002;
  const message = `${hostOf(url)} sent data that cannot be received: ${error.message}`;
  return { kind: 'violated', what, fault: new Fault('connection_closed', message, { status, cause: error }) };
}

function closed(code: number, reason: Buffer, url: string): Fault {
  const host = hostOf(url);
  const words = reason.length === 0 ? '' : ` (${reason.toString('utf8')})`;
  const message =
    code === ABNORMAL_CLOSURE
      ? `the connection to ${host} broke`
      : `${host} closed the connection with ${code}${words}`;
  return new Fault('connection_closed', message, { status: code });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function ignore(): void {}
