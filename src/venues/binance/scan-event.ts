import type { Instrument } from '../../domain/instrument.ts';
import type { RawFrame } from '../../domain/line.ts';
import type { TradeEvent } from '../../domain/record.ts';
import { liveTrade, type Origin } from '../decoding.ts';
import { isTime } from '../fields.ts';
import { ascii, FrameScanner, ScannedNames } from '../frame-scanner.ts';
import { NO_CONDITIONS } from './decode-trade.ts';

const STREAM = ascii('{"stream":"');
const EVENT = ascii('","data":{"e":"trade","E":');
const SYMBOL = ascii(',"s":"');
const ID = ascii('","t":');
const PRICE = ascii(',"p":"');
const QUANTITY = ascii('","q":"');
const QUOTE = ascii('"');
const BUYER_ORDER = ascii(',"b":');
const SELLER_ORDER = ascii(',"a":');
const TIME = ascii(',"T":');
const MAKER = ascii(',"m":');
const IGNORED = ascii(',"M":');
const END = ascii('}}');

/** Digits that are a safe integer, as the parsed number has to be one. */
const ID_DIGITS = 15;

/**
 * The trade of a combined frame `SYMBOL@trade` as Binance writes it, straight from its bytes: what `readTrade` makes of
 * the parsed frame, or undefined for any that is written otherwise.
 */
export class TradeScanner {
  readonly #origin: Origin;
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #streams = new ScannedNames();
  readonly #scanner = new FrameScanner();

  constructor(origin: Origin, instruments: ReadonlyMap<string, Instrument>) {
    this.#origin = origin;
    this.#instruments = instruments;
  }

  /** A stream of trades whose frames may be read here from now on. */
  learn(stream: string, symbol: string): void {
    this.#streams.add(stream, symbol);
  }

  scan({ data, binary, receivedAt }: RawFrame): TradeEvent | undefined {
    if (binary || !Buffer.isBuffer(data)) return undefined;
    const scanner = this.#scanner;
    scanner.begin(data);
    scanner.literal(STREAM);
    const stream = scanner.name(this.#streams);
    if (stream === undefined) return undefined;
    const instrument = this.#instruments.get(stream.symbol);
    scanner.literal(EVENT);
    const eventTime = scanner.integer();
    scanner.literal(SYMBOL);
    scanner.literal(stream.symbolBytes);
    scanner.literal(ID);
    const tradeId = scanner.digits(ID_DIGITS);
    scanner.literal(PRICE);
    const price = scanner.positive();
    scanner.literal(QUANTITY);
    const quantity = scanner.positive();
    scanner.literal(QUOTE);
    if (scanner.option(BUYER_ORDER)) {
      scanner.integer();
      scanner.literal(SELLER_ORDER);
      scanner.integer();
    }
    scanner.literal(TIME);
    const timestamp = scanner.integer();
    scanner.literal(MAKER);
    const isBuyerMaker = scanner.flag();
    scanner.literal(IGNORED);
    scanner.flag();
    scanner.literal(END);
    if (!scanner.isWhole || instrument === undefined || !isTime(timestamp) || !isTime(eventTime)) return undefined;
    return liveTrade(this.#origin, instrument, receivedAt, {
      price,
      quantity,
      isBuyerMaker,
      timestamp,
      eventTime,
      tradeId,
      conditions: NO_CONDITIONS,
    });
  }
}
