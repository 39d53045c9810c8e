/** Measures bare steps that need a socket or a broker. No pipeline of these parts can cost less than their sum. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Producer as PlatformaticProducer, ProduceAcks, stringSerializers } from '@platformatic/kafka';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { WebSocket } from 'ws';
import { encodeSingleObject } from '../../src/codec/wire-format.ts';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { tradesOfSymbols } from './frames.ts';

/** A lower bound for a step: the CPU of the bare library. `ns`: per event, all threads of this process. */
export interface Floor {
  readonly title: string;
  readonly ns: number;
}

const ROUNDS = 5;
const RECEIVE_MS = 1000;
const RATES = [2000, 10_000, 100_000, 300_000];
/** Records of a batch, and batches of a round. */
const BATCHES: readonly (readonly [size: number, count: number])[] = [
  [10, 300],
  [1000, 30],
];
const PARTITIONS = 4;
const WARM_UP_BATCHES = 20;

function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Measures the cost to receive and count a frame. */
export async function measureReceiving(): Promise<readonly Floor[]> {
  const wire = startChild(join(import.meta.dirname, 'wire.ts'));
  const socket = new WebSocket(await wire.ask<string>('url'), { perMessageDeflate: false, skipUTF8Validation: true });
  let received = 0;
  socket.on('message', () => {
    received++;
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const floors: Floor[] = [];
  for (const rate of RATES) {
    await wire.ask('rate', rate);
    await delay(RECEIVE_MS);
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [from, before] = [received, cpuNanoseconds()];
      await delay(RECEIVE_MS);
      rounds.push((cpuNanoseconds() - before) / (received - from));
    }
    floors.push({
      title: `ws: receive and count a frame, at ${rate.toLocaleString('en-US')} frames/s`,
      ns: median(rounds),
    });
  }
  socket.terminate();
  await wire.end();
  return floors;
}

interface Message {
  readonly key: string;
  readonly value: Buffer;
}
type Send = (messages: readonly Message[]) => Promise<unknown>;

/** Measures the cost to store a record: one batch in flight, acknowledged by all replicas. */
export async function measureProducing(): Promise<readonly Floor[]> {
  const broker = await startBroker({ isForLong: true });
  const kafka = new Kafka({ clientId: 'floors', brokers: broker.brokers, logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  const topics = ['kafkajs', 'platformatic'];
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS })) });
  await admin.disconnect();
  const one = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });
  const other = new PlatformaticProducer({
    clientId: 'floors',
    bootstrapBrokers: broker.brokers,
    serializers: { ...stringSerializers, value: (value?: Buffer) => value },
  });
  const sends: Readonly<Record<string, Send>> = {
    kafkajs: (messages) => one.send({ topic: 'kafkajs', messages: [...messages], acks: -1 }),
    platformatic: (messages) =>
      other.send({
        messages: messages.map(({ key, value }) => ({ topic: 'platformatic', key, value })),
        acks: ProduceAcks.ALL,
      }),
  };
  try {
    await one.connect();
    const messages = tradesOfSymbols(1000).map((trade) => ({ key: trade.symbol, value: encodeSingleObject(trade) }));
    const rounds = new Map<string, number[]>();
    for (let round = 0; round <= ROUNDS; round++)
      for (const [size, count] of BATCHES)
        for (const [name, send] of Object.entries(sends)) {
          const batch = messages.slice(0, size);
          const before = cpuNanoseconds();
          const batches = round === 0 ? WARM_UP_BATCHES : count;
          for (let sent = 0; sent < batches; sent++) await send(batch);
          const title = `${name}: store a record, in batches of ${size.toLocaleString('en-US')}`;
          if (round > 0) getOrCreate(rounds, title, () => []).push((cpuNanoseconds() - before) / batches / size);
        }
    return [...rounds].map(([title, ns]) => ({ title, ns: median(ns) }));
  } finally {
    await Promise.all([one.disconnect(), other.close()]);
    await broker.close();
  }
}
