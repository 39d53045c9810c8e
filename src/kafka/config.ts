/** The configuration's `kafka` section, with absolute paths and secrets read. */
export interface KafkaConfig {
  /** host:port. */
  readonly brokers: readonly string[];
  /** The library that talks to the brokers. */
  readonly client: 'kafkajs' | 'platformatic';
  readonly clientId: string;
  readonly topicPrefix: string;
  /** Number of partitions of new topics, unless the topic has a fixed number. */
  readonly partitions: number;
  /** Replication factor of new topics; -1: the broker's default. */
  readonly replication: number;
  readonly compression: Compression;
  /** null: no encryption; true: encryption with the system's certificate authorities. */
  readonly ssl: true | { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: { reveal(): string };
  } | null;
  /** null: Avro single-object encoding. */
  readonly schemaRegistry: {
    readonly url: string;
    /** false: schemas are only looked up, never registered. */
    readonly register: boolean;
    readonly user: string | null;
    readonly password: { reveal(): string } | null;
    readonly caFile: string | null;
  } | null;
}

export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd' | 'snappy';

/** Receives the client library's log messages. */
export type KafkaLog = (level: 'debug' | 'info' | 'warn' | 'error', message: string, details: object) => void;
