import { EMPTY, Subject } from 'rxjs';
import type { GuardOptions, TradingDecision } from '../../src/client/guard/trading-decision.ts';
import { type TradingInput, watchTrading } from '../../src/client/guard/watch-trading.ts';
import { symbolNamed } from '../../src/client/topic-name.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord, FeedStatus, Gap, PriceTick } from '../../src/domain/record.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import type { Outcome, OutRecord } from '../../src/sinks/contract.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

export const COINS = ['BTC', 'ETH', 'SOL'];
const VENUES: readonly VenueId[] = ['bybit', 'binance'];

/** What happens in a run, and how much time passes after it. */
export interface Step {
  readonly faults?: readonly FaultRequest[];
  /** The feed's process is killed, and starts again after this time. */
  readonly killedForMs?: number;
  readonly passMs: number;
}

export interface RecordedRun {
  /** The written records, in order, with topics and keys. */
  readonly batches: readonly (readonly OutRecord[])[];
  /** The decisions of a guard that got each record when it was written. `coin` null: all coins together. */
  readonly decisions: readonly TradingDecision[];
}

/** Runs a feed of simulated venues in virtual time, with a live guard. */
export async function recordRun(seed: number, steps: readonly Step[], guard: GuardOptions): Promise<RecordedRun> {
  const world = new VirtualWorld({ seed, venues: VENUES, symbols: COINS.length, rate: 30 });
  const batches: (readonly OutRecord[])[] = [];
  const decisions: TradingDecision[] = [];
  const published = { status: new Subject<FeedStatus>(), price: new Subject<PriceTick>(), gap: new Subject<Gap>() };
  const input: TradingInput = {
    status$: published.status,
    prices$: published.price,
    gaps$: published.gap,
    lagMs$: EMPTY,
  };
  const { scheduler, wallClockMs } = world;
  const trading = watchTrading(input, guard, { scheduler, wallClockMs, symbolOf: (name) => symbolNamed(name, 'USDT') });
  for (const coin of [...COINS, null]) trading(coin).subscribe((decision) => decisions.push(decision));
  const give = (record: FeedRecord): void => {
    if (record.kind === 'status') published.status.next(record);
    else if (record.kind === 'price') published.price.next(record);
    else if (record.kind === 'gap') published.gap.next(record);
  };
  const store = new VirtualStore();
  /** Writes without latency, so that the guard gets each record at the time that the record says. */
  class RecordingSink extends VirtualSink {
    override async write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
      batches.push(batch);
      for (const { record } of batch) {
        store.records.push(record);
        give(record);
      }
      return batch.map(() => ({ kind: 'delivered' }));
    }
  }
  const disk = new MemoryDisk();
  const start = (): { readonly process: VirtualProcess; readonly pipeline: Promise<Pipeline> } => {
    const process = new VirtualProcess(world);
    const newSink = async () => new RecordingSink('file', world, process, store);
    const pipeline = startPipeline(CONFIG, {
      log: createLog({ level: 'silent' }),
      ...process.dependencies,
      sinks: { kafka: newSink, file: newSink },
      spillDisk: () => disk,
    });
    return { process, pipeline };
  };
  let running = start();
  await world.until(running.pipeline);
  for (const { faults = [], killedForMs, passMs } of steps) {
    for (const fault of faults) world.fault(fault);
    if (killedForMs !== undefined) {
      running.process.kill();
      await world.pass(killedForMs);
      running = start();
      await world.until(running.pipeline);
    }
    await world.pass(passMs);
  }
  await world.until((await running.pipeline).stop('the run is over'));
  return { batches, decisions };
}

const CONFIG = loadConfig({
  values: {
    coins: COINS,
    environment: 'simulated',
    feed: {
      venues: VENUES,
      channels: ['trade', 'ticker'],
      allow_test_data: true,
      fail_back_after_ms: 8000,
      coin_stale_after_ms: 6000,
    },
    sinks: ['file'],
  },
});
