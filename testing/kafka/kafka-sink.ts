import type { KafkaConfig } from '../../src/kafka/config.ts';
import { KafkaSink } from '../../src/sinks/kafka/sink.ts';

/** Makes a Kafka sink by the real clocks, without a log. */
export function newKafkaSink(config: KafkaConfig, environmentPrefix = ''): KafkaSink {
  return new KafkaSink({
    config,
    environmentPrefixes: [environmentPrefix],
    log: () => {},
    now: () => performance.now(),
    wallClockMs: Date.now,
  });
}
