import { interval, takeUntil } from 'rxjs';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Peers } from '../../src/cluster/peers.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { getOrCreate } from '../../src/domain/get-or-create.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { BlockStore } from '../../src/feed/connection/warm-up-buffer.ts';
import { aborted$ } from '../../src/net/aborted.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { MemoryDisk } from '../../test/sinks/spill/memory-disk.ts';
import { VirtualGroup } from './virtual-group.ts';
import { VirtualProcess } from './virtual-process.ts';
import { VirtualSink, VirtualStore } from './virtual-sink.ts';
import { VirtualWorld } from './virtual-world.ts';

export const CLUSTER_COINS: readonly string[] = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA'];
const SHARDS = 4;
const SESSION_MS = 6000;
const READ_EVERY_MS = 20;

export interface VirtualClusterOptions {
  readonly seed: number;
  readonly venues: readonly VenueId[];
  /** Trades a second of each venue. */
  readonly rate: number;
}

/** An instance of the cluster. */
export interface VirtualInstance {
  readonly process: VirtualProcess;
  readonly cluster: Cluster;
  /** Until when it cannot reach the brokers, milliseconds of virtual time. */
  cutOffUntil: number;
}

/** A cluster in virtual time: its instances, the group, and the records that all of them have written. */
export class VirtualCluster {
  readonly world: VirtualWorld;
  readonly instances: VirtualInstance[] = [];
  readonly #group: VirtualGroup;
  readonly #config: Config;
  /** The records of each shard, by its client id. */
  readonly #stores = new Map<string, VirtualStore>();
  /** Until when no instance can reach the brokers, milliseconds of virtual time. */
  #awayUntil = 0;

  constructor({ seed, venues, rate }: VirtualClusterOptions) {
    this.world = new VirtualWorld({ seed, venues, symbols: CLUSTER_COINS.length, rate });
    this.#group = new VirtualGroup(this.world, SHARDS, SESSION_MS);
    this.#config = loadConfig({
      values: {
        coins: [...CLUSTER_COINS],
        environment: 'simulated',
        feed: { venues: [...venues], channels: ['trade'], allow_test_data: true },
        sinks: ['kafka'],
        kafka: { brokers: ['virtual:9092'] },
        cluster: { enabled: true, shards: SHARDS, session_timeout_ms: SESSION_MS },
      },
    });
  }

  /** The records of each shard, in the order in which they were written. */
  get records(): readonly (readonly FeedRecord[])[] {
    return [...this.#stores.values()].map(({ records }) => records);
  }

  /** Starts an instance. */
  start(): VirtualInstance {
    const { world } = this;
    const process = new VirtualProcess(world);
    const isCutOff = () => world.scheduler.now() < Math.max(instance.cutOffUntil, this.#awayUntil);
    const peers: Peers = {
      member: (assigner) => this.#group.member(process, assigner, isCutOff),
      followOwners: async (heartbeats, signal) => {
        const read = new Map([...this.#stores.values()].map((store) => [store, store.records.length]));
        const ended$ = aborted$(signal);
        interval(READ_EVERY_MS, process.scheduler)
          .pipe(takeUntil(ended$))
          .subscribe(() => {
            if (isCutOff()) return;
            heartbeats.answered();
            for (const store of this.#stores.values()) {
              for (const record of store.records.slice(read.get(store) ?? 0))
                if (record.kind === 'status') heartbeats.add(record);
              read.set(store, store.records.length);
            }
          });
      },
    };
    const cluster = new Cluster(
      this.#config,
      {
        ...process.dependencies,
        log: createLog({ level: 'silent' }),
        spillDisk: () => new MemoryDisk(),
        warmUpStore: () => new MemoryBlocks(),
        sinks: {
          kafka: async ({ kafka, beforeFence }) => {
            const store = getOrCreate(this.#stores, kafka.clientId, () => new VirtualStore());
            return new VirtualSink('kafka', world, process, store, { beforeFence, isCutOff });
          },
        },
      },
      peers,
      () => {},
    );
    const instance: VirtualInstance = { process, cluster, cutOffUntil: 0 };
    this.instances.push(instance);
    return instance;
  }

  /** Makes the brokers unavailable for all instances. */
  takeBrokersAway(ms: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.world.scheduler.now() + ms);
    this.#group.goAway(this.#awayUntil);
  }

  kill(instance: VirtualInstance): void {
    instance.process.kill();
    this.instances.splice(this.instances.indexOf(instance), 1);
  }

  /** Stops an instance as SIGTERM does. */
  async stop(instance: VirtualInstance): Promise<void> {
    await this.world.until(instance.cluster.stop('stopped'));
    this.kill(instance);
  }
}

/** Keeps blocks that do not fit in the memory of a warm-up buffer. */
class MemoryBlocks<T> implements BlockStore<T> {
  readonly #blocks = new Map<number, readonly T[]>();

  put(block: number, values: readonly T[]): void {
    this.#blocks.set(block, values);
  }

  take(block: number): readonly T[] {
    const values = this.#blocks.get(block) ?? [];
    this.#blocks.delete(block);
    return values;
  }

  remove(block: number): void {
    this.#blocks.delete(block);
  }

  close(): void {
    this.#blocks.clear();
  }
}
