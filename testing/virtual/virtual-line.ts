import type { Socket as TcpSocket } from 'node:net';
import type { WebSocket } from 'ws';
import { Fault } from '../../src/domain/fault.ts';
import type { HttpAnswer } from '../../src/net/http-request.ts';
import type { Socket, SocketHandlers } from '../../src/net/open-socket.ts';
import type { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';
import type { Connection } from '../../src/simulator/connection.ts';
import type { Random } from '../../src/simulator/market/random.ts';
import type { serverPings } from '../../src/simulator/server-pings.ts';
import { asciiFrame, textFrame } from '../../src/simulator/text-frame.ts';
import type { VenueHost } from '../../src/simulator/venue-host.ts';
import type { VenueSocket } from '../../src/simulator/venue-protocol.ts';

/** The part of the virtual world that a line uses. */
export interface LineWorld {
  readonly scheduler: VirtualScheduler;
  readonly random: Random;
  wallClockMs(): number;
  latencyMs(): number;
}

export interface VirtualLineOptions {
  readonly handlers: SocketHandlers;
  readonly host: VenueHost;
  readonly venueSocket: VenueSocket;
  readonly heartbeat: ReturnType<typeof serverPings>;
  readonly maxFrameBytes: number;
}

/** What arrives over the network: bytes of frames, or an action between them. */
type Arriving = Buffer | (() => void);

const TEXT = 0x81;
const BINARY = 0x82;
const PING = 0x89;

/**
 * The venue's end of a TCP connection, to which the simulator writes. A fault that freezes the connection replaces
 * `write`.
 */
class ServerSocket {
  writableLength = 0;
  readonly #line: VirtualLine;

  constructor(line: VirtualLine) {
    this.#line = line;
  }

  write(data: string | Buffer, encoding: BufferEncoding = 'utf8'): boolean {
    this.#line.toClient(typeof data === 'string' ? Buffer.from(data, encoding) : data);
    return true;
  }

  resetAndDestroy(): void {
    this.#line.reset();
  }

  get isFrozen(): boolean {
    return Object.hasOwn(this, 'write');
  }
}

/** One WebSocket in virtual time: both ends, and the data in flight between them, in order for each direction. */
export class VirtualLine {
  readonly client: Socket;
  connection: Connection | undefined;
  readonly #world: LineWorld;
  readonly #options: VirtualLineOptions;
  readonly #socket = new ServerSocket(this);
  #toClientAt = 0;
  #toServerAt = 0;
  /** True if the client has closed the line, or has received its end. */
  #ended = false;
  /** True if the venue has closed its end. */
  #gone = false;
  #received: Buffer = Buffer.alloc(0);

  constructor(world: LineWorld, options: VirtualLineOptions) {
    this.#world = world;
    this.#options = options;
    this.client = {
      send: (text) =>
        this.#toServer((connection) => options.venueSocket.message(connection, text, world.wallClockMs())),
      ping: () =>
        this.#toServer((connection) => {
          options.venueSocket.heartbeat?.(connection, world.wallClockMs());
          if (!this.#socket.isFrozen) this.toClient(() => options.handlers.onPong());
        }),
      close: () => {
        this.#ended = true;
        this.#after('server', () => this.#leave());
      },
    };
  }

  refuse(refusal: HttpAnswer): void {
    this.toClient(() => this.#end({ kind: 'refused', refusal }));
  }

  /** Opens the line. Returns false if the client has already closed it. */
  accept(role: 'market' | 'status'): boolean {
    if (this.#ended) return false;
    const { host, handlers } = this.#options;
    const tcp = this.#socket as unknown as TcpSocket;
    const now = this.#world.wallClockMs();
    this.connection = host.connect(role, this.#webSocket(), tcp, now);
    this.toClient(() => handlers.onOpen());
    return true;
  }

  toClient(arriving: Arriving): void {
    this.#after('client', () => {
      if (this.#ended) return;
      if (typeof arriving === 'function') arriving();
      else this.#receive(arriving);
    });
  }

  /** Resets the connection. With equal chance, data in flight to the client arrives before the reset or is lost. */
  reset(): void {
    this.#leave();
    const broke = (): void => this.#broken(1006);
    if (this.#world.random.below(2) === 0) this.toClient(broke);
    else this.#world.scheduler.after(this.#world.latencyMs(), broke);
  }

  #webSocket(): WebSocket {
    const socket = this.#socket;
    const isOpen = (): boolean => !this.#gone;
    const ws = {
      extensions: '',
      OPEN: 1,
      get readyState() {
        return isOpen() ? 1 : 3;
      },
      send: (data: string | Buffer) => {
        if (typeof data === 'string') socket.write(textFrame(data), 'latin1');
        else socket.write(binaryFrame(data));
      },
      close: (code: number) => {
        if (!socket.isFrozen) this.toClient(() => this.#broken(code));
      },
      terminate: () => this.reset(),
    };
    return ws as unknown as WebSocket;
  }

  #toServer(act: (connection: Connection) => void): void {
    this.#after('server', () => {
      const { connection } = this;
      const isDeaf = this.#gone || this.#socket.isFrozen;
      if (connection !== undefined && !isDeaf && this.#options.host.connections.includes(connection)) act(connection);
    });
  }

  #after(to: 'client' | 'server', run: () => void): void {
    const { scheduler } = this.#world;
    const now = scheduler.now();
    const at = Math.max(now + this.#world.latencyMs(), to === 'client' ? this.#toClientAt : this.#toServerAt);
    if (to === 'client') this.#toClientAt = at;
    else this.#toServerAt = at;
    scheduler.after(at - now, run);
  }

  #receive(bytes: Buffer): void {
    const { handlers, maxFrameBytes } = this.#options;
    let rest = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (let frame = parseFrame(rest); frame !== undefined && !this.#ended; frame = parseFrame(rest)) {
      rest = rest.subarray(frame.end);
      const { data, binary } = frame;
      if (frame.opcode === PING) this.#pinged(data.toString('latin1'));
      else if (frame.opcode !== TEXT && !binary) this.#violated('protocol_error', 1002);
      else if (data.length > maxFrameBytes) this.#violated('frame_too_large', 1009);
      else handlers.onFrame({ data, binary, receivedAt: this.#world.wallClockMs() * 1000 });
    }
    this.#received = rest;
  }

  #pinged(payload: string): void {
    const { handlers, heartbeat, venueSocket } = this.#options;
    handlers.onPing();
    this.#toServer((connection) => {
      venueSocket.heartbeat?.(connection, this.#world.wallClockMs());
      heartbeat.answered(connection, payload);
    });
  }

  #violated(what: 'protocol_error' | 'frame_too_large', status: number): void {
    this.#end({ kind: 'violated', what, fault: new Fault('connection_closed', what, { status }) });
    this.#after('server', () => this.#leave());
  }

  #broken(code: number): void {
    this.#end({ kind: 'failed', fault: new Fault('connection_closed', `closed with ${code}`, { status: code }) });
    this.#after('server', () => this.#leave());
  }

  #end(how: Parameters<SocketHandlers['onEnd']>[0]): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.handlers.onEnd(how);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.connection !== undefined) this.#options.host.connectionClosed(this.connection);
  }
}

interface FrameBytes {
  readonly data: Buffer;
  /** First byte of the frame. */
  readonly opcode: number;
  readonly binary: boolean;
  /** Where the next frame begins. */
  readonly end: number;
}

/** Parses the first frame; undefined if it is not complete. */
function parseFrame(bytes: Buffer): FrameBytes | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0);
  const short = bytes.readUInt8(1);
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { data: bytes.subarray(start, end), opcode, binary: opcode === BINARY, end };
}

function binaryFrame(data: Buffer): Buffer {
  const frame = Buffer.from(asciiFrame(data.toString('latin1')), 'latin1');
  frame.writeUInt8(BINARY, 0);
  return frame;
}
