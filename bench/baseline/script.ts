/**
 * The program that `make bench` compares us with: the script that one writes in an afternoon, and tunes honestly. It
 * uses ws, JSON.parse, avsc and kafkajs. It sends one batch every 5 ms. If the previous batch is not acknowledged by
 * then, it waits for that. It does not reconnect, check the data, detect gaps, drop duplicates, watch for stale data,
 * report a status or bound its memory. Arguments: WebSocket URL, broker, topic, schema file, the header of its
 * single-object encoding in hex, symbols.
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { WebSocket } from 'ws';
import { connectSink } from './connect-sink.ts';

const [url = '', broker = '', topic = '', schemaFile = '', header = '', ...symbols] = process.argv.slice(2);
/** Binance's limit for a connection. */
const MAX_STREAMS = 1024;

type Trade = Record<'s' | 'p' | 'q', string> & Record<'T' | 'E' | 't', number> & { m: boolean };

const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')));
const scratch = Buffer.alloc(4096);
const headerBytes = scratch.write(header, 'hex');

/**
 * Cache of encoded decimals, because prices and quantities repeat. Binance writes 8 decimal places; the schema has 18.
 */
const decimals = new Map<string, Buffer>();
function decimal(text: string): Buffer {
  let bytes = decimals.get(text);
  if (bytes === undefined) {
    const hex = (BigInt(text.replace('.', '')) * 10_000_000_000n).toString(16);
    bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2 === 0 ? 2 : 1), '0'), 'hex');
    if (decimals.size === 10_000) decimals.clear();
    decimals.set(text, bytes);
  }
  return bytes;
}

const send = await connectSink(broker, topic);
for (let from = 0; from < symbols.length; from += MAX_STREAMS) read(symbols.slice(from, from + MAX_STREAMS));

function read(some: readonly string[]): void {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  socket.on('open', () => {
    socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: some.map((s) => `${s.toLowerCase()}@trade`), id: 1 }));
  });
  socket.on('message', onFrame);
  socket.on('close', () => process.exit(1));
}

function onFrame(frame: Buffer): void {
  const { data }: { data?: Trade } = JSON.parse(frame.toString());
  if (data === undefined) return;
  // biome-ignore format: keeps the record on three lines
  const trade = {
    venue: 'binance', symbol: data.s, venue_symbol: data.s, coin: data.s.slice(0, -4), environment: 'simulated', epoch: 1,
    received_at: Date.now() * 1000, price: decimal(data.p), quantity: decimal(data.q), is_buyer_maker: data.m,
    timestamp: data.T, event_time: data.E, trade_id: String(data.t), last_trade_id: null, conditions: [], source: 'live',
  };
  const end = type.encode(trade, scratch, headerBytes);
  send({ key: data.s, value: Buffer.from(scratch.subarray(0, end)) });
}
