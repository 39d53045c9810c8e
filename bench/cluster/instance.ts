/** Starts an instance of a cluster for the measurements of clusters. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { marketCoins } from '../../src/simulator/market/coins.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';

/** Number of coins of each cluster. */
export const COINS = 60;

/** Where the simulated Bybit is. */
export interface VenueAddress {
  readonly webSocket: string;
  readonly rest: string;
}

export interface InstanceOptions {
  /** Folder of this instance alone. */
  readonly folder: string;
  /** Prefix of the topics, and the group of the cluster. */
  readonly prefix: string;
  readonly brokers: readonly string[];
  readonly standbys: 0 | 1;
  readonly address: VenueAddress;
}

/** Starts `market-feed run` as an instance that publishes trades and tickers of a simulated Bybit. */
export async function startInstance(options: InstanceOptions): Promise<PipelineProcess> {
  const { folder, prefix, brokers, standbys, address } = options;
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'market-feed.yaml');
  await writeFile(
    config,
    JSON.stringify({
      coins: marketCoins(COINS).map(({ coin }) => coin),
      environment: 'simulated',
      feed: { venues: ['bybit'], channels: ['trade', 'ticker'] },
      venues: { bybit: { websocket_urls: [address.webSocket], rest_urls: [address.rest] } },
      sinks: ['kafka'],
      kafka: { brokers, topic_prefix: prefix },
      spill: { dir: join(folder, 'spill') },
      cluster: { enabled: true, group: prefix, warm_standbys: standbys },
      gateway: { enabled: false },
    }),
  );
  return new PipelineProcess({ config, logFile: join(folder, 'log') });
}
