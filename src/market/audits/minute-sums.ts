import type { Decimal } from '../../domain/decimal.ts';
import type { Audit, TradeEvent } from '../../domain/record.ts';
import { lastIdOf } from '../../domain/trade-id.ts';
import { tradesIn } from '../candles/candle.ts';
import { digitsOf, times } from '../digits.ts';
import { decimalOf, ExactSums } from '../exact-sum.ts';
import { isBlockTrade } from '../trades/block-trade.ts';
import { type TradeLine, TradeLines } from './trade-lines.ts';

const VOLUME = 0;
const BLOCK_VOLUME = 1;
const VALUE = 2;

/** The part of a trade that an audit counts. */
export type AuditedTrade = TradeLine & Pick<TradeEvent, 'lastTradeId' | 'conditions' | 'source'>;

/** The fields of an audit that depend on the trades alone. */
export type MinuteFigures = Pick<Audit, 'firstId' | 'lastId' | 'trades' | 'backfilled' | 'volume' | 'value' | 'hash'>;

/** What the venue's candle has if no trade is missing. It has no block trades, and counts the trades of an aggregate. */
export interface ExpectedCandle {
  readonly volume: Decimal;
  readonly trades: number;
}

/** Adds up the published trades of one minute for its audit. Add them in the order of the topic. */
export class MinuteSums<Trade extends AuditedTrade = AuditedTrade> {
  /** The trade that was added last. */
  last: Trade | undefined;
  readonly #lines = new TradeLines();
  readonly #sums = new ExactSums(3);
  #firstId = '';
  #trades = 0;
  #backfilled = 0;
  #ids = 0;
  #blockIds = 0;

  /** Number of ids that the trades stand for; an aggregated trade stands for several. */
  get ids(): number {
    return this.#ids;
  }

  /** Number of added trades; an aggregated trade counts as one. */
  get trades(): number {
    return this.#trades;
  }

  /** Last id of the last trade; empty without a trade. */
  get lastId(): string {
    return this.last === undefined ? '' : lastIdOf(this.last);
  }

  add(trade: Trade): void {
    const lines = this.#lines;
    lines.add(trade);
    const isBlock = isBlockTrade(trade);
    const volume = isBlock ? BLOCK_VOLUME : VOLUME;
    const valueDigits = lines.priceDigits * lines.quantityDigits;
    // If the product is a safe integer, its factors and the product itself are exact.
    if (Number.isSafeInteger(valueDigits) && valueDigits > 0) {
      this.#sums.addNumber(lines.quantityDigits, lines.quantityPlaces, volume);
      this.#sums.addNumber(valueDigits, lines.pricePlaces + lines.quantityPlaces, VALUE);
    } else {
      const quantity = digitsOf(trade.quantity);
      this.#sums.add(quantity, volume);
      this.#sums.add(times(digitsOf(trade.price), quantity), VALUE);
    }
    const ids = tradesIn(trade, true);
    this.#ids += ids;
    if (isBlock) this.#blockIds += ids;
    if (this.#trades === 0) this.#firstId = trade.tradeId;
    this.last = trade;
    this.#trades++;
    if (trade.source === 'backfill') this.#backfilled++;
  }

  /** Returns the figures so far. More trades may follow. */
  figures(): MinuteFigures {
    const sums = this.#sums;
    const places = Math.max(sums.places(VOLUME), sums.places(BLOCK_VOLUME));
    return {
      firstId: this.#firstId,
      lastId: this.lastId,
      trades: this.#trades,
      backfilled: this.#backfilled,
      volume: decimalOf(sums.total(places, VOLUME) + sums.total(places, BLOCK_VOLUME), places),
      value: sums.toDecimal(VALUE),
      hash: this.#lines.digest(),
    };
  }

  expectedCandle(): ExpectedCandle {
    return { volume: this.#sums.toDecimal(VOLUME), trades: this.#ids - this.#blockIds };
  }
}
