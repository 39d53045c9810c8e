import { setImmediate as turn } from 'node:timers/promises';
import { codecOf } from '../../src/codec/avro.ts';
import { messageKeyOf, topicNameOf } from '../../src/codec/environment-topics.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Network } from '../../src/net/network.ts';
import type { SocketHandlers } from '../../src/net/open-socket.ts';
import { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';
import { buildFeed } from '../../src/runtime/build-feed.ts';
import type { RunningFeed } from '../../src/runtime/running-feed.ts';
import { tickerData, tradeData } from '../../src/simulator/binance/binance-frames.ts';
import { SimulatedMarket } from '../../src/simulator/market/market.ts';
import type { SimulatedInstrument } from '../../src/simulator/market/simulated-instrument.ts';
import { VENUE_SPECS, type VenueSpec } from '../../src/simulator/venue-spec.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';

/* Runs a whole pipeline in virtual time, without a network, to measure the cost of a symbol. */

const VENUE = 'binance';
const STARTED_AT = 1_790_000_000_000;
/** Time before the first trade, in which all topics are subscribed, milliseconds. */
const IDLE_MS = 3000;
/** The time that the sink takes for a batch, milliseconds. */
const BATCH_MS = 25;

/** How far ahead frames are made, milliseconds. Frames that wait longer would be work for the garbage collector. */
const AHEAD_MS = 20;

interface SimulatedFrame {
  readonly listeners: readonly SocketHandlers[];
  readonly data: Buffer;
}

/**
 * The pipeline of one process, from the frames of the simulated Binance to encoded records in a sink that takes 25 ms
 * per batch, without a network. It runs in virtual time, so other load does not affect its CPU time.
 */
export class VirtualFeed {
  trades = 0;
  records = 0;
  readonly #scheduler = new VirtualScheduler(0);
  readonly #market: SimulatedMarket;
  readonly #rate: number;
  readonly #feed: RunningFeed;
  readonly #driver: SinkDriver;
  /** Connections by topic. */
  readonly #listeners = new Map<string, SocketHandlers[]>();
  #ms = 0;

  constructor({
    symbols,
    rate,
    lines,
    channels,
  }: { symbols: number; rate: number; lines: number; channels: string[] }) {
    const spec = VENUE_SPECS.find(({ id }) => id === VENUE) as VenueSpec;
    this.#rate = rate;
    this.#market = new SimulatedMarket({ spec, seed: 1, symbols, rate, startedAt: STARTED_AT });
    const config = loadConfig({
      values: {
        coins: { all: true },
        environment: 'simulated',
        feed: { venues: [VENUE], channels, allow_test_data: true },
        venues: { [VENUE]: { lines } },
      },
    });
    const scheduler = this.#scheduler;
    const now = () => STARTED_AT + scheduler.now();
    this.#driver = new SinkDriver(this.#sink(), { scheduler });
    this.#feed = buildFeed(config, {
      scheduler,
      wallClockMs: now,
      instance: 'bench',
      networks: () => this.#network(),
      random: () => 0.5,
    });
    this.#feed.output$.subscribe(({ records, barrier }) => {
      for (const record of records) {
        const out = { topic: topicNameOf(record, true), key: messageKeyOf(record, 'failover'), record };
        this.#driver.push(out, { barrier });
      }
    });
  }

  get published(): number {
    return this.#feed.trades;
  }

  async start(): Promise<void> {
    await this.#driver.opened;
    this.#feed.start();
    for (let ms = 0; ms < IDLE_MS; ms++) await this.#advanceTo(ms, []);
    this.#ms = IDLE_MS;
  }

  stop(): void {
    this.#feed.stop('the bench is over');
  }

  /**
   * Runs `ms` milliseconds of the market. Returns the CPU time of the pipeline, microseconds, without the time for
   * making the frames.
   */
  async run(ms = 1000): Promise<number> {
    let micros = 0;
    for (const end = this.#ms + ms; this.#ms < end; ) {
      const steps = Array.from({ length: AHEAD_MS }, (_, ahead) => this.#framesAt(this.#ms + ahead));
      const before = process.cpuUsage();
      for (const frames of steps) await this.#advanceTo(this.#ms++, frames);
      const { user, system } = process.cpuUsage(before);
      micros += user + system;
    }
    return micros;
  }

  async #advanceTo(ms: number, frames: readonly SimulatedFrame[]): Promise<void> {
    const scheduler = this.#scheduler;
    for (let next = scheduler.nextDueAt; next !== undefined && next <= ms; next = scheduler.nextDueAt)
      scheduler.runNext();
    scheduler.moveTo(ms);
    const receivedAt = (STARTED_AT + ms) * 1000;
    for (const { listeners, data } of frames)
      for (const listener of listeners) listener.onFrame({ data, binary: false, receivedAt });
    await turn();
  }

  #framesAt(ms: number): SimulatedFrame[] {
    const frames: SimulatedFrame[] = [];
    const time = STARTED_AT + ms;
    const add = ({ symbol }: SimulatedInstrument, stream: string, data: string) => {
      const topic = `${symbol.toLowerCase()}@${stream}`;
      frames.push({
        listeners: this.#listeners.get(topic) ?? [],
        data: Buffer.from(`{"stream":"${topic}","data":${data}}`),
      });
    };
    const due = Math.floor(((ms - IDLE_MS) * this.#rate) / 1000) - this.#market.made;
    if (due > 0)
      this.#market.advance(due, time, (instrument, trades) => {
        for (const trade of trades)
          add(instrument, 'trade', tradeData(instrument.symbol, instrument.tradeTexts(trade), '', false));
        this.trades += trades.length;
      });
    // The venue sends all tickers at once. Here they are spread over the second.
    for (const instrument of this.#market.instruments)
      if (ms % 1000 === instrument.index % 1000 && instrument.changedAt > time - 1000)
        add(instrument, 'ticker', tickerData(instrument, time, ''));
    return frames;
  }

  #network(): Network {
    return {
      get: async () => ({
        status: 200,
        headers: {},
        body: JSON.stringify({
          symbols: this.#market.instruments.map(({ symbol, coin }) => ({
            symbol,
            status: 'TRADING',
            baseAsset: coin,
            quoteAsset: 'USDT',
          })),
        }),
      }),
      open: (_url, _options, handlers) => {
        this.#scheduler.schedule(() => handlers.onOpen());
        return {
          send: (text) => this.#subscribe(text, handlers),
          ping: () => {},
          close: () => {},
        };
      },
    };
  }

  #subscribe(text: string, handlers: SocketHandlers): void {
    const { params, id } = JSON.parse(text) as { params: readonly string[]; id: number };
    for (const topic of params) this.#listeners.set(topic, [...(this.#listeners.get(topic) ?? []), handlers]);
    const data = Buffer.from(`{"result":null,"id":${id}}`);
    const receivedAt = (STARTED_AT + this.#scheduler.now()) * 1000;
    this.#scheduler.schedule(() => handlers.onFrame({ data, binary: false, receivedAt }));
  }

  #sink(): Sink {
    return {
      name: 'bench',
      open: async () => {},
      write: (batch: readonly OutRecord[]) =>
        new Promise((resolve) => {
          for (const { record } of batch) codecOf(record.kind).encode(record);
          this.records += batch.length;
          this.#scheduler.schedule(() => resolve(batch.map(() => ({ kind: 'delivered' }))), BATCH_MS);
        }),
      checkpoints: async () => [],
      recent: async () => ({ trades: [], windows: [], gaps: [], audits: [], whole: true }),
      close: async () => {},
      trouble: () => undefined,
    };
  }
}
