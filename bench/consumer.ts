/**
 * The independent consumer, a process of its own: reads a topic of trades, counts them, checks their order by their
 * ids, and takes the latency of each from the simulator's send. Arguments: broker, topic, partitions, schema file or
 * `json` (cryptofeed's records).
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { answer } from './child.ts';
import { fetchTopic } from './fetch-topic.ts';

const [broker = '', topic = '', partitions = '', schemaFile = ''] = process.argv.slice(2);
/** C3 01 and the fingerprint. */
const HEADER_BYTES = 10;
/** The simulator truncates its time to milliseconds: half of one on average. */
const CUT_OFF_MS = 0.5;

interface Trade {
  readonly symbol: string;
  readonly timestamp: number;
  readonly trade_id: string;
}
const decode = schemaFile === 'json' ? fromJson : fromAvro();

function fromAvro(): (value: Buffer) => Trade {
  const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')));
  return (value) => type.decode(value, HEADER_BYTES).value;
}

/** cryptofeed's, with its time in seconds. */
function fromJson(value: Buffer): Trade {
  const { symbol, timestamp, id }: { symbol: string; timestamp: number; id: string } = JSON.parse(value.toString());
  return { symbol, timestamp: Math.round(timestamp * 1000), trade_id: id };
}

let received = 0;
let repeated = 0;
let latencies: number[] | undefined;
/** When the first record was there, milliseconds since 1970. */
let firstAt: number | undefined;
let failed: string | undefined;
const lastIds = new Map<string, number>();
/** The offset from performance.now() to the wall clock. The wall clock has whole milliseconds, so the largest difference is the right one. */
let wallOffset = Number.NEGATIVE_INFINITY;
setInterval(() => {
  for (let look = 0; look < 20; look++) wallOffset = Math.max(wallOffset, Date.now() - performance.now());
}, 10);

function onRecord(value: Buffer, at: number): void {
  firstAt ??= Date.now();
  const trade = decode(value);
  const id = Number(trade.trade_id);
  const last = lastIds.get(trade.symbol);
  if (last !== undefined && id <= last) {
    repeated++;
    return;
  }
  lastIds.set(trade.symbol, id);
  received++;
  latencies?.push(at - trade.timestamp);
}

answer({
  /** `repeated`: seen before, or behind a later one. */
  counts: () => {
    if (failed !== undefined) throw new Error(failed);
    return { received, repeated };
  },
  firstAt: () => firstAt,
  collect: () => {
    latencies = [];
  },
  /** Milliseconds at each of the shares asked for, of all since `collect`. */
  latencies: (shares: readonly number[]) => {
    const sorted = Float64Array.from(latencies ?? [], (value) => value + wallOffset - CUT_OFF_MS).sort();
    latencies = undefined;
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  },
});
fetchTopic({ broker, topic, partitions: Number(partitions), onRecord }).catch((error: unknown) => {
  failed = String(error);
});
