import { randomUUID } from 'node:crypto';
import { asyncScheduler } from 'rxjs';
import { createDrain } from '/work/main/src/sinks/drain.ts';
import { createKafkaSink } from '/work/main/src/sinks/kafka/sink.ts';
import { trade } from '/work/main/test/sinks/fake-sink.ts';
import { kafkaConfig } from '/work/main/test/support/kafka-config.ts';
import { startBroker } from '/work/main/test/support/kafka-broker.ts';
process.on('warning', (w) => console.log('WARNING', w.name));
const broker = await startBroker();
const of = kafkaConfig(broker.brokers, { topicPrefix: `${randomUUID()}.` });
const sink = createKafkaSink({ config: of, environmentPrefixes: [''], log: () => {}, now: () => performance.now() });
const drain = createDrain(sink, { scheduler: asyncScheduler, maxRecords: 800_000 });
await drain.opened;
const S = Array.from({ length: 20 }, (_, i) => `C${i}USDT`);
for (let r = 0; r < 3; r++) {
  const t0 = performance.now(); const cpu = process.cpuUsage();
  for (let i = 0; i < 300_000; i++) drain.push(trade(r * 300_000 + i + 1, S[i % 20]!));
  await drain.idle(); const c = process.cpuUsage(cpu);
  console.log(Math.round(300_000 / ((performance.now() - t0) / 1000)), ((c.user + c.system) / 300_000).toFixed(1));
}
await drain.close({ deadlineMs: 1000 }); await broker.close();
