// `Buffer` is imported, because the global `Buffer` is a getter, which costs time for each frame.
import { Buffer } from 'node:buffer';
import type { TradeEvent } from '../../../domain/record.ts';
import type { RawFrame } from '../../../domain/venue-event.ts';
import type { Decoded, DecoderContext } from '../../contract.ts';
import { liveTrade, marketFrame, type Origin } from '../../decode/decoding.ts';
import { isTime } from '../../decode/fields.ts';
import { FrameScanner } from '../../decode/frame-scanner.ts';
import { ascii, type Literal } from '../../decode/literal.ts';
import { ScannedNames } from '../../decode/scanned-names.ts';
import { conditionsOf } from './read-events.ts';
import type { BybitTopic } from './topic.ts';

const TOPIC = ascii('{"topic":"');
const PUBLISHED = ascii('","ts":');
const DATA = ascii(',"type":"snapshot","data":[');
const ID = ascii('{"i":"');
const TIME = ascii('","T":');
const PRICE = ascii(',"p":"');
const QUANTITY = ascii('","v":"');
const BOUGHT = ascii('","S":"Buy","seq":');
const SOLD = ascii('","S":"Sell","seq":');
const RPI = ascii(',"RPI":');
const NEXT = ascii('},');
const END = ascii('}]}');

interface Scanned {
  readonly venueSymbol: string;
  /** The fixed bytes after the sequence number, up to the block flag. */
  readonly symbol: Literal;
}

/** Reads `publicTrade` frames from their bytes, with the same results as `readTrades`. */
export class TradeScanner {
  readonly #origin: Origin;
  readonly #instruments: DecoderContext['instruments'];
  readonly #topics = new ScannedNames<Scanned>();
  readonly #scanner = new FrameScanner();

  constructor(origin: Origin, instruments: DecoderContext['instruments']) {
    this.#origin = origin;
    this.#instruments = instruments;
  }

  /** Lets the scanner decode frames of a topic. Topics other than trades are ignored. */
  learn(name: string, topic: BybitTopic): void {
    if (topic.kind !== 'trade') return;
    const { symbol: venueSymbol } = topic;
    const symbol = ascii(`,"s":"${venueSymbol}","BT":`);
    this.#topics.add(name, { venueSymbol, symbol });
  }

  scan({ data, binary, receivedAt }: RawFrame): Decoded | undefined {
    if (binary || !Buffer.isBuffer(data)) return undefined;
    const scanner = this.#scanner;
    scanner.reset(data);
    scanner.literal(TOPIC);
    const topic = scanner.name(this.#topics);
    if (topic === undefined) return undefined;
    const instrument = this.#instruments.get(topic.venueSymbol);
    if (instrument === undefined) return undefined;
    scanner.literal(PUBLISHED);
    const eventTime = scanner.time();
    scanner.literal(DATA);
    if (!isTime(eventTime)) return undefined;
    const trades: TradeEvent[] = [];
    do {
      scanner.literal(ID);
      const tradeId = scanner.digits();
      scanner.literal(TIME);
      const timestamp = scanner.time();
      scanner.literal(PRICE);
      const price = scanner.positiveSpan();
      scanner.literal(QUANTITY);
      const quantity = scanner.positiveSpan();
      const isBuyerMaker = scanner.option(SOLD);
      if (!isBuyerMaker) scanner.literal(BOUGHT);
      scanner.integer();
      scanner.literal(topic.symbol);
      const conditions = conditionsOf(scanner.flag(), scanner.option(RPI) && scanner.flag());
      if (!scanner.fits || !isTime(timestamp)) return undefined;
      trades.push(
        liveTrade(this.#origin, instrument, receivedAt, {
          price: scanner.cut(price),
          quantity: scanner.cut(quantity),
          isBuyerMaker,
          timestamp,
          eventTime,
          tradeId,
          conditions,
          timestampUs: null,
        }),
      );
    } while (scanner.option(NEXT));
    scanner.literal(END);
    return scanner.isWhole ? marketFrame({ symbol: instrument.symbol, receivedAt }, trades) : undefined;
  }
}
