import type { FileCodec } from '../avro-file/container.ts';
import type { KafkaConfig, KafkaLog } from '../kafka/config.ts';
import type { CheckpointOptions, Sink } from './contract.ts';

/** What the sinks need from the configuration and the process. */
export interface SinkSettings {
  readonly kafka: KafkaConfig;
  readonly file: {
    readonly dir: string;
    readonly rotateMb: number;
    readonly rotateMinutes: number;
    readonly codec: FileCodec;
    /** True: a folder that becomes unusable while the sink runs is retried. False: it ends the sink. */
    readonly waitsForFolder?: boolean;
  };
  readonly parquet: Omit<SinkSettings['file'], 'codec'> & {
    /** Milliseconds that `close` waits for the conversion of the journal. */
    readonly closeTimeoutMs?: number;
  };
  /** Topic prefixes of the environments in use: `` for production, `simulated.` and so on. */
  readonly environmentPrefixes: readonly string[];
  readonly log: KafkaLog;
  /** Called and awaited before the sink shuts out previous writers. */
  readonly beforeFence?: () => Promise<unknown>;
  /** What `checkpoints` will be asked for. A sink may read it before it shuts out previous writers, too. */
  readonly checkpointsAhead?: CheckpointOptions | undefined;
  /** Returns the monotonic clock's time, milliseconds. */
  readonly now: () => number;
  /** Returns the wall clock's time, milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/** Makes sinks by their names in the configuration's `sinks`. Loads a sink's libraries on first use. */
export const sinks: Readonly<Record<'kafka' | 'file' | 'parquet', (settings: SinkSettings) => Promise<Sink>>> = {
  async kafka({ kafka, environmentPrefixes, beforeFence, checkpointsAhead, log, now, wallClockMs }) {
    const { KafkaSink } = await import('./kafka/sink.ts');
    const clocks = { now, wallClockMs };
    return new KafkaSink({ config: kafka, environmentPrefixes, log, ...clocks, beforeFence, checkpointsAhead });
  },
  async file({ file, log, wallClockMs }) {
    const { AvroFileSink } = await import('./avro-file/sink.ts');
    return new AvroFileSink({ ...file, now: wallClockMs, onRepaired: logRepairs(log) });
  },
  async parquet({ parquet, log, wallClockMs }) {
    const { ParquetSink } = await import('./parquet/sink.ts');
    const onUnconverted = (problem: string) =>
      log('warn', `cannot write Parquet files; the journal keeps the records: ${problem}`, {
        event: 'parquet_unconverted',
      });
    return new ParquetSink({ ...parquet, now: wallClockMs, onRepaired: logRepairs(log), onUnconverted });
  },
};

const logRepairs = (log: KafkaLog) => (part: string, repair: object) =>
  log('warn', 'a file that a crash left open was closed', { event: 'file_repaired', file: part, ...repair });
