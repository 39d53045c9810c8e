type Settings = Readonly<Record<string, string>>;

export interface BrokerOptions {
  /** How the broker runs. Default: KAFKA_WAY, else Docker if an engine answers, else Java with Maven. */
  readonly way?: 'docker' | 'java';
  /** Additional broker settings (server.properties). `host`: the host to which clients connect. */
  readonly config?: Settings | ((host: string) => Settings);
  /** Addresses of proxies, as host:port. The broker has a listener for each proxy, which advertises its address. */
  readonly proxies?: readonly string[];
  /** Listeners in addition to the plaintext one, by name in lower case. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'>>;
  /** True if the broker is measured, or under load for minutes: its JVM then optimizes fully. */
  readonly isForLong?: boolean;
}

/** A broker that belongs to one test. It runs when the test receives it. */
export interface Broker {
  readonly way: 'docker' | 'java';
  /** host:port, the same after every start. */
  readonly brokers: string[];
  /** host:port of the additional listeners, by name. */
  readonly listeners: Readonly<Record<string, string>>;
  /** host:port of the listeners for the proxies, in the order of the option. */
  readonly proxied: readonly string[];
  /** Shuts down cleanly; resolves when the process is gone. */
  stop(): Promise<void>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again with its data; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/** The address of a proxy that a test file may start, and the broker's listener for it, each as host:port. */
export interface ProxyPlace {
  readonly proxy: string;
  readonly listener: string;
}

export function configOf({ config = {} }: BrokerOptions, host: string): Settings {
  return typeof config === 'function' ? config(host) : config;
}
