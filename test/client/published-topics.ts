import type { FeedRecord, FeedStatus, Gap, PriceTick, TradeEvent } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { gapRecord, healthyFeed, priceTick, statusRecord } from '../../testing/judges/events.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { until } from '../../testing/tools/until.ts';
import { lateRecords, outRecords } from '../sinks/out-records.ts';

/** The topics of a feed at real brokers, written by the real sink. */
export class PublishedTopics implements AsyncDisposable {
  readonly #sink: Sink;

  private constructor(sink: Sink) {
    this.#sink = sink;
  }

  static async open(config: KafkaConfig, environmentPrefix = ''): Promise<PublishedTopics> {
    const sink = newKafkaSink(config, environmentPrefix);
    // Retries as the sink driver does: a busy broker may take longer to end a transaction than the sink waits.
    await until(() => sink.open().then(() => true), { timeoutMs: 40_000, message: 'the sink opens' });
    return new PublishedTopics(sink);
  }

  /** Publishes the records in order. @throws Error if the sink refuses one. */
  publish(...records: readonly FeedRecord[]): Promise<void> {
    return this.#write(outRecords(...records));
  }

  /** Publishes late trades. @throws Error if the sink refuses one. */
  publishLate(...trades: readonly TradeEvent[]): Promise<void> {
    return this.#write(lateRecords(...trades));
  }

  async #write(batch: readonly OutRecord[]): Promise<void> {
    for (let at = 0; at < batch.length; at += 1000) {
      const outcomes = await this.#sink.write(batch.slice(at, at + 1000));
      const refused = outcomes.find(({ kind }) => kind !== 'delivered');
      if (refused !== undefined) throw new Error(`not delivered: ${JSON.stringify(refused)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink.close();
  }
}

/** A price of this moment. */
export function priceNow(symbol: string, price: string, fields: Partial<PriceTick> = {}): PriceTick {
  const at = Date.now();
  const coin = symbol.replace(/USDT$/, '');
  const of = { venue: 'bybit', symbol, venueSymbol: symbol, coin, epoch: 1 };
  return priceTick({ ...of, receivedAt: at * 1000, timestamp: at, price, ...fields });
}

export function heartbeat(sequence: number, symbols: readonly string[], fields: Partial<FeedStatus> = {}): FeedStatus {
  return statusRecord('heartbeat', {
    sequence,
    timestamp: Date.now(),
    heartbeat: healthyFeed({ symbols }),
    ...fields,
  });
}

export function gapOf(symbol: string, fields: Partial<Gap> = {}): Gap {
  return gapRecord({ venue: 'bybit', symbol, fromTime: Date.now() - 100, toTime: Date.now(), ...fields });
}
