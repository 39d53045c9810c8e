import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { shardOf } from '../../src/cluster/shard-of.ts';
import { marketCoins } from '../../src/simulator/market/coins.ts';
import { Random } from '../../src/simulator/market/random.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { longestDelay } from '../../testing/judges/longest-delay.ts';
import { readRun } from '../../testing/judges/read-run.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { type Broker, sharedBrokers, startThreeBrokers } from '../../testing/kafka/kafka-broker.ts';
import {
  type MarketFeedProcess,
  startMarketFeed,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { until } from '../../testing/tools/until.ts';

const COINS = isLong ? 60 : 15;
const SHARDS = isLong ? 12 : 4;
const PER_SECOND = isLong ? 2000 : 500;
const NAMES = isLong ? ['a', 'b', 'c'] : ['a', 'b'];
/** How long after an event trades are looked at, milliseconds. */
const LOOK_MS = isLong ? 8000 : 4000;
/** How long an instance hangs (SIGSTOP), milliseconds. */
const HANGS_MS = 15_000;
/** The shards that have at least one of the coins. */
const WITH_COINS = new Set(marketCoins(COINS).map(({ symbol }) => shardOf(symbol, SHARDS)));

/**
 * What happens to an instance. For each of its shards, the trade with the longest delay from the venue to the topic counts. The
 * limits are for the median and the p99 of these delays, milliseconds.
 */
interface Event {
  readonly name: string;
  readonly limits?: readonly [p50: number, p99: number];
  /** True if one of three brokers is restarted meanwhile. */
  readonly withBroker?: boolean;
  readonly happens: (instance: MarketFeedProcess, startAgain: () => Promise<void>) => Promise<void>;
}

const isKilled: Event['happens'] = async (instance, startAgain) => {
  instance.signal('SIGKILL');
  await delay(LOOK_MS);
  await startAgain();
};

const EVENTS: readonly Event[] = [
  { name: 'is killed', limits: [2500, 3000], happens: isKilled },
  // While leaders of partitions move to other brokers, nothing can be published. So there is no limit.
  { name: 'is killed and one of three brokers restarted', withBroker: true, happens: isKilled },
  {
    name: `hangs for ${HANGS_MS} ms`,
    limits: [2500, 3000],
    async happens(instance) {
      instance.signal('SIGSTOP');
      await delay(HANGS_MS);
      instance.signal('SIGCONT');
      await delay(1000);
    },
  },
  {
    name: 'is restarted',
    limits: [300, 300],
    async happens(instance, startAgain) {
      instance.signal('SIGTERM');
      expect(await instance.exited, instance.stderr.slice(-3000)).toBe(0);
      await delay(1000);
      await startAgain();
    },
  },
];
/** The suite has no time for more than a kill. */
const played = isLong ? EVENTS : EVENTS.slice(0, 1);
const TIMES = isLong ? 20 : 1;

it.each(played)(
  `if an instance $name, ${TIMES} times, its warm standbys go on at Bybit without a lost trade or a gap`,
  async ({ happens, limits, withBroker = false }) => {
    const three = withBroker ? await startThreeBrokers() : [];
    onTestFinished(async () => {
      await Promise.all(three.map((broker) => broker.close()));
    });
    const brokers = withBroker ? three.flatMap((broker) => broker.brokers) : await sharedBrokers();
    const folder = await temporaryFolder();
    const journal = join(folder, 'journal.ndjson');
    // All instances have one address, so together they would soon reach Bybit's limit of connections.
    const simulator = await startSimulator({
      ...{ symbols: COINS, journal, connectionLimit: false },
      rate: { bybit: PER_SECOND, binance: 0, binance_us: 0, binance_testnet: 0 },
    });
    onTestFinished(() => simulator.close());
    const prefix = `${randomUUID()}.`;
    const coins = marketCoins(COINS).map(({ coin }) => coin);
    const start = async (name: string): Promise<MarketFeedProcess> => {
      const own = join(folder, name);
      await mkdir(own, { recursive: true });
      const config = await writeConfiguration(own, {
        ...simulatedValues(simulator, {
          feed: { venues: ['bybit'], channels: ['trade', 'ticker'], allow_test_data: false },
        }),
        coins,
        kafka: { brokers, topic_prefix: prefix },
        spill: { dir: join(own, 'spill') },
        cluster: { enabled: true, group: prefix, shards: SHARDS },
        gateway: { enabled: false },
      });
      return startMarketFeed('run', '--config', config);
    };
    const instances = new Map<string, MarketFeedProcess>();
    const described = async (): Promise<string> => {
      const command = startMarketFeed('topics', 'describe', '--config', join(folder, 'a', 'market-feed.yaml'));
      await command.exited;
      return command.stdout.slice(command.stdout.indexOf('cluster '));
    };
    for (const name of NAMES) instances.set(name, await start(name));
    const untilSettled = () =>
      until(() => isSettled([...instances.values()]), {
        timeoutMs: 90_000,
        everyMs: 250,
        message: () => [...instances.values()].map(({ stderr }) => stderr.slice(-3000)).join('\n\n'),
      });
    await untilSettled();
    await delay(3000);
    const shown = await described();
    expect(shown).toContain(`cluster ${prefix}: ${NAMES.length} instances`);
    for (const row of shown.split('\n').slice(1, 1 + NAMES.length))
      expect(row).toMatch(/ at \/127\.0\.0\.1 {2}shards \d[\d, ]* {2}standby of \d[\d, ]*$/);

    const events: { readonly at: number; readonly shards: readonly number[] }[] = [];
    for (let count = 0; count < TIMES; count++) {
      const name = NAMES[count % NAMES.length] as string;
      const instance = instances.get(name) as MarketFeedProcess;
      events.push({ at: Date.now(), shards: servedBy(instance) });
      const restarting = withBroker ? restartBroker(three, count) : Promise.resolve();
      await happens(instance, async () => {
        instances.set(name, await start(name));
      });
      await restarting;
      await untilSettled();
      await delay(LOOK_MS);
    }
    for (const instance of instances.values()) {
      instance.signal('SIGTERM');
      expect(await instance.exited, instance.stderr.slice(-3000)).toBe(0);
    }
    await simulator.close();

    const judge = new TradeJudge(await JournalIndex.read(journal));
    const { trades } = await readRun({ kind: 'kafka', brokers, prefix: `${prefix}simulated.` }, judge);
    const delaysOf = (isMeant: (shards: readonly number[], shard: number) => boolean) =>
      events
        .flatMap(({ at, shards }) =>
          [...WITH_COINS]
            .filter((shard) => isMeant(shards, shard))
            .map((shard) => longestDelay(trades, { shard, of: SHARDS, from: at, to: at + LOOK_MS })),
        )
        .sort((a, b) => a - b);
    const delays = delaysOf((shards, shard) => shards.includes(shard));
    const others = delaysOf((shards, shard) => !shards.includes(shard));
    const verdict = judge.verdict();
    const quantile = (part: number, of = delays) => of[Math.floor(part * (of.length - 1))] as number;
    const found = {
      published: verdict.published,
      gaps: verdict.gaps,
      p50: quantile(0.5),
      p99: quantile(0.99),
      otherShards: { p50: quantile(0.5, others), p99: quantile(0.99, others) },
      delays,
    };
    console.info(JSON.stringify(found));
    expect(verdict, verdict.named.join('\n')).toMatchObject({
      ...{ lost: 0, duplicated: 0, outOfOrder: 0, inGaps: 0, problems: [] },
    });
    // The suite does not judge speed: other tests share the cores.
    if (!isLong || limits === undefined) return;
    const [p50, p99] = limits;
    expect(found.p50).toBeLessThanOrEqual(p50);
    expect(found.p99).toBeLessThanOrEqual(p99);
  },
  isLong ? 1_500_000 : 180_000,
);

/** Restarts the second or third broker after up to four seconds. */
async function restartBroker(brokers: readonly Broker[], count: number): Promise<void> {
  const broker = brokers[1 + (count % 2)] as Broker;
  await delay(new Random(count).below(4000));
  await broker.stop();
  await broker.start();
}

const last = (instance: MarketFeedProcess, event: string) => instance.log().findLast((line) => line.event === event);

/** The shards that an instance serves now. */
function servedBy(instance: MarketFeedProcess): readonly number[] {
  const served = new Set<number>();
  for (const { event, shard } of instance.log()) {
    if (event === 'shard_started') served.add(shard as number);
    if (event === 'shard_handed_over' || event === 'stopped') served.delete(shard as number);
  }
  return [...served];
}

/** True if each instance serves the shards of its last assignment, and each shard has a standby. */
function isSettled(instances: readonly MarketFeedProcess[]): boolean {
  const assignments = instances.map((instance) => last(instance, 'shards_assigned'));
  const standbys = assignments.flatMap((line) => (line?.standby_of as number[] | undefined) ?? []);
  return (
    new Set(standbys).size === SHARDS &&
    instances.every((instance, at) => {
      const assigned = ((assignments[at]?.shards as number[] | undefined) ?? []).filter((one) => WITH_COINS.has(one));
      const served = new Set(servedBy(instance));
      return assigned.length > 0 && assigned.length === served.size && assigned.every((shard) => served.has(shard));
    })
  );
}
