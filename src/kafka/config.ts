/** What the sink needs of the configuration's `kafka` section; paths absolute, secrets read. */
export interface KafkaConfig {
  /** host:port. */
  readonly brokers: readonly string[];
  /** The library that talks to the brokers. */
  readonly client: 'kafkajs' | 'platformatic';
  readonly clientId: string;
  readonly topicPrefix: string;
  /** Of topics that are made and have no number of their own. */
  readonly partitions: number;
  /** Of topics that are made; -1: the broker's default. */
  readonly replication: number;
  readonly compression: Compression;
  /** null: no encryption; true: the system's authorities. */
  readonly ssl: true | { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: { reveal(): string };
  } | null;
  /** null: Avro single-object encoding. */
  readonly schemaRegistry: {
    readonly url: string;
    /** false: schemas are looked up only. */
    readonly register: boolean;
    readonly user: string | null;
    readonly password: { reveal(): string } | null;
    readonly caFile: string | null;
  } | null;
}

export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd' | 'snappy';

/** Where the client library's own messages go. */
export type KafkaLog = (level: 'debug' | 'info' | 'warn' | 'error', message: string, details: object) => void;
