import type { AskedSymbol, RawFrame } from '../../domain/line.ts';
import type { TradeEvent } from '../../domain/record.ts';
import type { Decoded, DecoderContext } from '../contract.ts';
import { askedOf, eventsOf, liveTrade, type Origin } from '../decoding.ts';
import { isTime } from '../fields.ts';
import { ascii, FrameScanner, ScannedNames } from '../frame-scanner.ts';
import { conditionsOf } from './decode-trades.ts';
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
const SYMBOL = ascii(',"s":"');
const BLOCK = ascii('","BT":');
const RPI = ascii(',"RPI":');
const NEXT = ascii('},');
const END = ascii('}]}');

/**
 * The trades of a frame `publicTrade.SYMBOL` as Bybit writes it for spot, straight from its bytes: what `readTrades`
 * makes of the parsed frame, or undefined for any that is written otherwise.
 */
export class TradeScanner {
  readonly #origin: Origin;
  readonly #context: Omit<DecoderContext, 'environment'>;
  readonly #topics = new ScannedNames<AskedSymbol>();
  readonly #scanner = new FrameScanner();

  constructor(origin: Origin, context: Omit<DecoderContext, 'environment'>) {
    this.#origin = origin;
    this.#context = context;
  }

  /** A topic whose frames may be read here from now on. */
  learn(name: string, topic: BybitTopic): void {
    const instrument = this.#context.instruments.get(topic.symbol);
    if (instrument !== undefined && topic.event === 'trade') this.#topics.add(name, askedOf(this.#context, instrument));
  }

  scan({ data, binary, receivedAt }: RawFrame): Decoded | undefined {
    if (binary || !Buffer.isBuffer(data)) return undefined;
    const scanner = this.#scanner;
    scanner.begin(data);
    scanner.literal(TOPIC);
    const asked = scanner.name(this.#topics);
    if (asked === undefined) return undefined;
    const { instrument } = asked;
    if (instrument === undefined) return undefined;
    scanner.literal(PUBLISHED);
    const eventTime = scanner.integer();
    scanner.literal(DATA);
    if (!isTime(eventTime)) return undefined;
    const trades: TradeEvent[] = [];
    do {
      scanner.literal(ID);
      const tradeId = scanner.digits();
      scanner.literal(TIME);
      const timestamp = scanner.integer();
      scanner.literal(PRICE);
      const price = scanner.positive();
      scanner.literal(QUANTITY);
      const quantity = scanner.positive();
      const isBuyerMaker = scanner.option(SOLD);
      if (!isBuyerMaker) scanner.literal(BOUGHT);
      scanner.integer();
      scanner.literal(SYMBOL);
      scanner.text(instrument.venueSymbol);
      scanner.literal(BLOCK);
      const conditions = conditionsOf(scanner.flag(), scanner.option(RPI) && scanner.flag());
      if (!scanner.fits || !isTime(timestamp)) return undefined;
      trades.push(
        liveTrade(this.#origin, instrument, receivedAt, {
          price,
          quantity,
          isBuyerMaker,
          timestamp,
          eventTime,
          tradeId,
          conditions,
        }),
      );
    } while (scanner.option(NEXT));
    scanner.literal(END);
    return scanner.isWhole ? eventsOf(asked, trades) : undefined;
  }
}
