import { Fault } from '../domain/fault.ts';
import type { KafkaConfig } from './config.ts';
import type { OpenBroker } from './contract.ts';

/** Client libraries by their names in the configuration; the one that is configured is loaded, and no other. */
const CLIENTS: Readonly<Record<KafkaConfig['client'], () => Promise<OpenBroker>>> = {
  kafkajs: async () => (await import('./kafkajs/kafkajs.ts')).openKafkajs,
  platformatic: async () => (await import('./platformatic/platformatic.ts')).openPlatformatic,
};

const PACKAGES: Readonly<Record<KafkaConfig['client'], string>> = {
  kafkajs: 'kafkajs@2.2.4',
  platformatic: '@platformatic/kafka@2.12.1',
};

/** Rejects with a Fault (never) if the library is not installed. */
export async function openBrokerOf(client: KafkaConfig['client']): Promise<OpenBroker> {
  try {
    return await CLIENTS[client]();
  } catch (cause) {
    const wanted = PACKAGES[client];
    const message = `kafka.client: ${client} needs the package ${wanted}: npm install ${wanted}`;
    throw new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }
}
