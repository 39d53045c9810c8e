type Settings = Readonly<Record<string, string>>;

export interface BrokerOptions {
  /** The way to run it; without one, KAFKA_WAY, else a Docker engine where one answers, else Java with Maven. */
  readonly way?: 'docker' | 'java';
  /** Broker settings (server.properties) beside those of every test broker; `host` is where clients find it. */
  readonly config?: Settings | ((host: string) => Settings);
  /** host:port that clients of the listener without encryption or login are sent to instead of its own, such as a proxy's. */
  readonly advertised?: string;
  /** Listeners beside the one without encryption or login: by their names, small letters. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'>>;
  /** Measured, or under load for minutes: its JVM takes its time to compile well. */
  readonly isForLong?: boolean;
}

/** A broker of a test's own, running when it is handed out. */
export interface Broker {
  readonly way: 'docker' | 'java';
  /** host:port, the same after every start. */
  readonly brokers: string[];
  /** host:port of the further listeners, by name. */
  readonly listeners: Readonly<Record<string, string>>;
  /** Shuts down cleanly; resolves when the process is gone. */
  stop(): Promise<void>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again with its data; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

export function configOf({ config = {} }: BrokerOptions, host: string): Settings {
  return typeof config === 'function' ? config(host) : config;
}
