import type { KlineInterval } from '../domain/instrument.ts';
import { nextOpenTime, openTimeOf } from '../market/candles/kline-interval.ts';
import type { Connection } from './connection.ts';
import type { SimulatedInstrument } from './market/simulated-instrument.ts';
import type { Topic } from './topic.ts';
import type { VenueHost } from './venue-host.ts';

/** A candle from `open` to before `end`, milliseconds since 1970. */
export interface CandleSpan {
  readonly open: number;
  readonly end: number;
  readonly closed: boolean;
}

/** How often a topic sends its state. */
export interface Pace {
  /** Minimum time between two events if the market changed, milliseconds. */
  readonly everyMs: number;
  /** Minimum time between two events without a change, milliseconds; by default there are no such events. */
  readonly againMs?: number;
  /** The interval of candles. A topic of candles also sends when a candle closes. */
  readonly interval?: KlineInterval;
  /** The interval's name in the journal; by default `interval`. */
  readonly intervalName?: string;
  /** Makes the event. `unit` is appended to milliseconds: '', or '000' for microseconds. */
  readonly make: (now: number, unit: string, candle: CandleSpan) => string;
}

interface PacedTopic {
  readonly topic: Topic;
  readonly instrument: SimulatedInstrument;
  readonly pace: Pace;
  /** Open time of the current candle. */
  open: number;
  sentAt: number;
  /** The instrument's book update id at the last event. Each order and each withdrawal changes this id. */
  sentUpdateId: number;
}

/** Makes the topics of one venue that send a state: tickers, best prices, candles. Without listeners nothing is made. */
export function pacedTopics(host: VenueHost) {
  const all = new Map<string, PacedTopic>();

  /** Adds a topic. `first`: a connection that gets the current state at once. */
  function add(topic: Topic, instrument: SimulatedInstrument, pace: Pace, now = 0, first?: Connection): void {
    const open = pace.interval === undefined ? 0 : openTimeOf(pace.interval, now);
    const paced = { topic, instrument, pace, open, sentAt: now, sentUpdateId: -1 };
    if (!all.has(topic.name)) all.set(topic.name, paced);
    if (first === undefined) return;
    paced.sentUpdateId = instrument.updateId;
    const candle = candleOf(paced, now);
    const isSent = topic.publishTo(first, pace.make(now, '', candle));
    addToJournal(paced, now, candle, isSent ? `[${first.number}]` : '[]');
  }

  function slice(now: number): void {
    for (const paced of all.values()) {
      if (paced.topic.size === 0) continue;
      closeCandle(paced, now);
      const { everyMs, againMs = Number.POSITIVE_INFINITY } = paced.pace;
      const { updateId, candles } = paced.instrument;
      const leastMs = paced.sentUpdateId === updateId && !candles.isUntraded ? againMs : everyMs;
      if (now - paced.sentAt >= leastMs) send(paced, now);
    }
  }

  /** Sends a topic's state at once. */
  function sendAtOnce(name: string, now: number): void {
    const paced = all.get(name);
    if (paced !== undefined && paced.topic.size > 0) send(paced, now);
  }

  function closeCandle(paced: PacedTopic, now: number): void {
    const { interval } = paced.pace;
    if (interval === undefined) return;
    const open = openTimeOf(interval, now);
    if (open === paced.open) return;
    if (nextOpenTime(interval, paced.open) === open) publish(paced, now, { open: paced.open, end: open, closed: true });
    paced.open = open;
    paced.sentUpdateId = -1;
  }

  function send(paced: PacedTopic, now: number): void {
    paced.sentAt = now;
    paced.sentUpdateId = paced.instrument.updateId;
    publish(paced, now, candleOf(paced, now));
  }

  function publish(paced: PacedTopic, now: number, candle: CandleSpan): void {
    const sent = paced.topic.publish((unit) => paced.pace.make(now, unit, candle));
    addToJournal(paced, now, candle, sent);
  }

  function addToJournal({ topic, instrument, pace }: PacedTopic, time: number, candle: CandleSpan, sent: string): void {
    if (host.journal === undefined) return;
    if (topic.kind === 'book_ticker') {
      const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
      const more = `,"ask_price":"${ask}","ask_quantity":"${askQuantity}"`;
      host.journalEvent(topic, { id: `${instrument.updateId}`, price: bid, quantity: bidQuantity, time, sent, more });
    } else if (pace.interval !== undefined) {
      const totals = instrument.candles.candle(candle.open, candle.end);
      const { close: price, volume: quantity } = instrument.candleTexts(totals);
      const id = `${pace.intervalName ?? pace.interval}:${candle.open}`;
      host.journalEvent(topic, { id, price, quantity, time, sent, more: `,"closed":${candle.closed}` });
    } else host.journalEvent(topic, { id: '', price: instrument.priceText(instrument.candles.price), time, sent });
  }

  return { add, slice, sendAtOnce };
}

function candleOf({ pace: { interval }, open }: PacedTopic, now: number): CandleSpan {
  return { open, end: interval === undefined ? now : nextOpenTime(interval, open), closed: false };
}
