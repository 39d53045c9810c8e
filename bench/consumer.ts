/**
 * The independent consumer, in a process of its own. It reads a topic of trades, counts them, and checks their order by
 * id. It measures the latency of each trade from the time at which the simulator sent it. Arguments: broker, topic,
 * partitions, and a schema file, or `json` (times in milliseconds), or `json-seconds`.
 */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { answer } from './child.ts';
import { fetchTopic } from './fetch-topic.ts';

const [broker = '', topic = '', partitions = '', format = ''] = process.argv.slice(2);
/** Bytes before the value in Avro's single-object encoding: C3 01 and the schema's fingerprint. */
const HEADER_BYTES = 10;
/** The simulator truncates its time to whole milliseconds, which adds half a millisecond to the average latency. */
const TRUNCATED_MS = 0.5;

interface Trade {
  readonly symbol: string;
  readonly timestamp: number;
  readonly trade_id: string;
}
const decode = format === 'json' ? fromJson(1) : format === 'json-seconds' ? fromJson(1000) : fromAvro(format);

function fromAvro(schemaFile: string): (value: Buffer) => Trade {
  const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')));
  return (value) => type.decode(value, HEADER_BYTES).value;
}

/** `unitMs`: milliseconds in one unit of the records' time. */
function fromJson(unitMs: number): (value: Buffer) => Trade {
  return (value) => {
    const { symbol, timestamp, id }: { symbol: string; timestamp: number; id: string } = JSON.parse(value.toString());
    return { symbol, timestamp: Math.round(timestamp * unitMs), trade_id: id };
  };
}

let received = 0;
let repeated = 0;
let latencies: number[] | undefined;
/** When the first record arrived, milliseconds since 1970. */
let firstAt: number | undefined;
let failed: string | undefined;
const lastIds = new Map<string, number>();
/**
 * The wall clock minus performance.now(), milliseconds. The wall clock is truncated to whole milliseconds, so the
 * largest difference is the most exact one.
 */
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
  /** `repeated`: trades that came twice, or after a later trade. */
  counts: () => {
    if (failed !== undefined) throw new Error(failed);
    return { received, repeated };
  },
  firstAt: () => firstAt,
  collect: () => {
    latencies = [];
  },
  /** The given quantiles of the latencies since `collect`, milliseconds. */
  latencies: (quantiles: readonly number[]) => {
    const sorted = Float64Array.from(latencies ?? [], (value) => value + wallOffset - TRUNCATED_MS).sort();
    latencies = undefined;
    return quantiles.map(
      (quantile) => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN,
    );
  },
});
fetchTopic({ broker, topic, partitions: Number(partitions), onRecord }).catch((error: unknown) => {
  failed = String(error);
});
