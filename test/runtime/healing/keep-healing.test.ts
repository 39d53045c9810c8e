import { setImmediate as turn } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { Fault } from '../../../src/domain/fault.ts';
import type { FeedRecord, Gap } from '../../../src/domain/record.ts';
import type { FeedOutput } from '../../../src/feed/feed-event.ts';
import { VirtualScheduler } from '../../../src/net/virtual-scheduler.ts';
import { keepHealing } from '../../../src/runtime/healing/keep-healing.ts';
import { VenueAccess } from '../../../src/runtime/venue-access.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { sampleGap, sampleTrade } from '../../../testing/records/sample-records.ts';
import { MemoryArchive } from '../../healing/memory-archive.ts';

const STARTED_AT = Date.UTC(2026, 10, 21, 8, 30);
const AT = { venue: 'binance', symbol: 'BTCUSDT', epoch: 1, environment: 'production' } as const;

const gap: Gap = sampleGap({
  ...AT,
  channel: 'trade',
  fromId: '10',
  toId: '13',
  fromTime: STARTED_AT - 600_000,
  toTime: STARTED_AT - 599_000,
  missing: 2,
  filled: 0,
  outcome: 'unrepaired',
});
const stored = (tradeId: string, timestamp: number) =>
  sampleTrade({ ...AT, tradeId, timestamp, receivedAt: timestamp * 1000 });
const around = [stored('10', gap.fromTime), stored('13', gap.toTime)];
const ROWS = [11, 12, 13].map((id) => ({ id, price: '1', qty: '1', time: STARTED_AT - 599_500, isBuyerMaker: false }));

/** Healing of one archive in virtual time. */
function healing(archive: MemoryArchive) {
  const scheduler = new VirtualScheduler(0);
  const wallClockMs = () => STARTED_AT + scheduler.now();
  const config = loadConfig({ values: { coins: ['BTC'], feed: { venues: ['binance'] }, sinks: ['file'] } });
  const get = async () => ({ status: 200, headers: {}, body: JSON.stringify(ROWS) });
  const open = () => {
    throw new Fault('internal', 'no sockets here');
  };
  const output$ = new Subject<FeedOutput>();
  const stop = keepHealing([{ name: 'file', archive }], config, {
    scheduler,
    wallClockMs,
    access: new VenueAccess(config, { scheduler, networks: () => ({ get, open }) }),
    log: createLog({ level: 'silent' }),
    isOwn: undefined,
    feed: { output$, status: () => {} },
    onEvent: () => {},
  });
  const pass = async (ms: number): Promise<void> => {
    for (const end = scheduler.now() + ms; scheduler.now() < end; ) {
      for (let turns = 0; turns < 10; turns++) await turn();
      scheduler.moveTo(Math.min(end, scheduler.now() + 100));
      while ((scheduler.nextDueAt ?? Number.POSITIVE_INFINITY) <= scheduler.now()) scheduler.runNext();
    }
  };
  const publish = (records: readonly FeedRecord[]) => output$.next({ records, barrier: false });
  return { stop, pass, publish };
}

it('stops within a second, although a write waits for the sink', async () => {
  const archive = new MemoryArchive();
  archive.stored.push(gap, ...around);
  let isWriting = false;
  archive.write = () => {
    isWriting = true;
    return new Promise(() => {});
  };
  const { stop, pass } = healing(archive);
  await pass(10_000);
  expect(isWriting).toBe(true);
  let isStopped = false;
  void stop().then(() => {
    isStopped = true;
  });
  await pass(1200);
  expect(isStopped).toBe(true);
});

it('heals a gap that is published while it reads the sink', async () => {
  const archive = new MemoryArchive();
  const { stop, pass, publish } = healing(archive);
  let goOn = () => {};
  const records = archive.records.bind(archive);
  archive.records = async function* (topic, sinceMs) {
    const found: FeedRecord[] = [];
    for await (const record of records(topic, sinceMs)) found.push(record);
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    yield* found;
  };
  await pass(6000);
  archive.stored.push(gap, ...around);
  publish([gap]);
  await pass(40_000);
  archive.records = records;
  goOn();
  await pass(2000);
  expect(archive.late.map(({ tradeId }) => tradeId)).toEqual(['11', '12']);
  await stop();
});
