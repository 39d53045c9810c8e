import type { KafkaConfig, KafkaLog } from '../../kafka/config.ts';
import { kafkajsReach } from './kafkajs-writer.ts';
import { platformaticReach } from './platformatic-writer.ts';
import type { Reach } from './writer.ts';

/** @throws Fault (never) where the configuration cannot be used. */
type MakeReach = (config: KafkaConfig, log: KafkaLog, transactionalId: string, signal: AbortSignal) => Reach;

/** Client libraries by their names in the configuration. */
export const REACHES: Readonly<Record<KafkaConfig['client'], MakeReach>> = {
  kafkajs: kafkajsReach,
  platformatic: platformaticReach,
};
