import { toJson } from '../../codec/json-view.ts';
import { snakeKeys } from '../../codec/key-case.ts';
import { subtract } from '../../decimal/arithmetic.ts';
import type { Decimal } from '../../domain/decimal.ts';
import type { BookUpdate, MarketEvent } from '../../domain/market-event.ts';
import type { BookLevel, BookTicker, FeedRecord } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import { amount, percent, rate } from './number-text.ts';
import { inColumns, type Style, span, toRow, visible, visibleJson } from './terminal-text.ts';

type Shown = FeedRecord | MarketEvent;

/**
 * An event or record as one JSON line, with the schema's names. Tickers and book updates get such names, too. With
 * `watched`, a book ticker also has its spread.
 */
export function jsonLine(event: Shown, watched = false): string {
  if (event.kind !== 'ticker' && event.kind !== 'book_update') {
    const spread = watched && event.kind === 'book_ticker' ? { spread: spreadOf(event) } : {};
    return `${visibleJson(JSON.stringify({ ...toJson(event), ...spread }))}\n`;
  }
  const { kind: _kind, epoch: _epoch, ...fields } = event;
  return `${visibleJson(JSON.stringify(snakeKeys(fields)))}\n`;
}

/**
 * An event or record as a row of text for people, with its own time. In a candle ✓ means closed. With `watched` it has
 * the time of its arrival, and may omit the venue.
 */
export function textLine(event: Shown, watched = false): string {
  const test = event.environment === 'production' ? '' : `  [${event.environment}]`;
  const at = watched ? arrival(event) : (eventTime(event) ?? arrival(event));
  const time = watched ? clock(at).slice(-TIME_LENGTH) : clock(at);
  return `${visible(`${time}  ${body(event, watched)}${test}`)}\n`;
}

/** As `textLine`, with a colour for buys and sells, and for what is missing. */
export function coloredLine(event: Shown): string {
  const style = styleOf(event);
  const text = textLine(event).trimEnd();
  return style === 'plain' ? `${text}\n` : `${toRow([span(text, style)], Number.POSITIVE_INFINITY, true)}\n`;
}

function styleOf(event: Shown): Style {
  if (event.kind === 'trade' || event.kind === 'agg_trade' || event.kind === 'large_trade')
    return event.isBuyerMaker ? 'down' : 'up';
  if (event.kind === 'gap') return isMissing(event.outcome) ? 'warn' : 'plain';
  if (event.kind === 'audit') return event.verdict === 'unexplained' || event.verdict === 'gap' ? 'warn' : 'plain';
  return event.kind === 'dead_letter' ? 'warn' : 'plain';
}

function body(event: Shown, watched: boolean): string {
  switch (event.kind) {
    case 'trade':
    case 'agg_trade': {
      const last = event.kind === 'agg_trade' ? `–${event.lastTradeId ?? '?'}` : '';
      const marks = [...event.conditions, ...(event.source === 'backfill' ? ['backfill'] : [])];
      return `${symbol(event)}${event.isBuyerMaker ? 'sell' : 'buy '} ${number(event.price)} × ${number(event.quantity)}  ${event.venue}  #${event.tradeId}${last}${marks.length === 0 ? '' : `  ${marks.join(' ')}`}`;
    }
    case 'price':
    case 'ticker':
      return `${symbol(event)}${number(event.price)}  24 h ${event.change24h === null ? '–' : percent(event.change24h)}  volume ${event.volume24h === null ? '–' : amount(event.volume24h)}  ${event.venue}`;
    case 'book_ticker':
      return `${symbol(event)}bid ${level(event.bidPrice, event.bidQuantity)}  ask ${level(event.askPrice, event.askQuantity)}  spread ${spreadOf(event) ?? '–'}  ${event.venue}`;
    case 'kline':
      return `${symbol(event)}${inColumns(event.interval, 3)} ${event.closed ? '✓' : ' '} ${amount(event.open)} → ${amount(event.close)}  ${amount(event.low)}–${amount(event.high)}  ${rate(Number(event.volume))}${watched ? '' : `  ${event.venue}`}`;
    case 'order_book':
      return `${symbol(event)}${best(event)}  ${event.bids.length} + ${event.asks.length} levels  ${event.venue}  #${event.updateId}${event.stale ? '  stale' : ''}`;
    case 'book_delta':
    case 'book_update':
      return `${symbol(event)}${event.snapshot ? `snapshot  ${best(event)}` : 'change'}  ${event.bids.length} + ${event.asks.length} levels  ${event.venue}  #${event.firstUpdateId}–${event.lastUpdateId}`;
    case 'trade_stats':
      return `${symbol(event)}${event.windowMs} ms from ${new Date(event.windowStart).toISOString().slice(11, 23)}  ${inColumns(String(event.trades), 6, 'right')} × ${number(event.averageQuantity)}  vwap ${number(event.vwap)}  ${inColumns(event.flow, 11)} ${Math.round(event.buyRatioVolume * 100)} % bought${event.complete ? '' : '  incomplete'}  ${event.venue}`;
    case 'large_trade':
      return `${symbol(event)}${event.isBuyerMaker ? 'sell' : 'buy '} ${number(event.price)} × ${number(event.quantity)}  ${event.multiple.toFixed(1)} times the mean quantity  ${event.venue}  #${event.tradeId}`;
    case 'status':
      return `${inColumns(event.state, 22)}${event.venue ?? 'feed'}${event.coin === null ? '' : ` ${event.coin}`}  ${event.reason}`;
    case 'gap':
      return `${symbol(event)}${event.outcome}  ${event.venue} #${event.epoch}  after ${event.fromId ?? 'start'} before ${event.toId ?? 'end'}  missing ${event.missing ?? '?'}  filled ${event.filled}`;
    case 'audit':
      return `${symbol(event)}${new Date(event.minute).toISOString().slice(0, 16)}  ${inColumns(event.verdict, 11)}  ${inColumns(String(event.trades), 7, 'right')} trades  ${event.venue} #${event.epoch}${event.reason === '' ? '' : `  ${event.reason}`}`;
    case 'position':
      return `${symbol(event)}${event.venue} #${event.epoch}  trade ${event.tradeId ?? '–'}`;
    case 'instrument':
      return `${symbol(event)}${inColumns(event.status, 11)}  tick ${event.tickSize ?? '–'}  lot ${event.lotStep ?? '–'}  from ${event.minQuantity ?? '–'} or ${event.minValue ?? '–'} ${event.quote}  ${event.venue}`;
    case 'dead_letter':
      return `${inColumns(event.venue, 16)}${event.stage}: ${event.reason}`;
  }
}

/** Ask minus bid, exact; null if a side has no orders. */
function spreadOf({ bidPrice, askPrice }: BookTicker): Decimal | null {
  return bidPrice === null || askPrice === null ? null : subtract(askPrice, bidPrice);
}

function best({ bids, asks }: Pick<BookUpdate, 'bids' | 'asks'>): string {
  const side = (best: BookLevel | undefined) => level(best?.price ?? null, best?.quantity ?? null);
  return `bid ${side(bids[0])}  ask ${side(asks[0])}`;
}

function level(price: string | null, quantity: string | null): string {
  return price === null || quantity === null ? '–' : `${number(price)} × ${number(quantity)}`;
}

/** When the event happened, or its candle opened, milliseconds since 1970; null if it has no such time. */
function eventTime(event: Shown): number | null {
  if (event.kind === 'kline') return event.openTime;
  return 'timestamp' in event ? event.timestamp : null;
}

/** When the event was received, milliseconds since 1970; of the feed's own records, when they were made. */
function arrival(event: Shown): number {
  if ('receivedAt' in event) return Math.floor(event.receivedAt / 1000);
  return 'timestamp' in event ? event.timestamp : event.toTime;
}

const TIME_LENGTH = '08:30:00.000'.length;

/** The time of day, UTC; with the date if that is not today. */
function clock(ms: number): string {
  const text = new Date(ms).toISOString();
  const isToday = text.startsWith(new Date().toISOString().slice(0, 10));
  return isToday ? text.slice(11, 23) : text.slice(0, 23).replace('T', ' ');
}

function symbol(event: { readonly symbol: string }): string {
  return `${inColumns(event.symbol, 9)} `;
}

/** The decimal points of numbers in several rows are below each other. */
function number(value: string): string {
  const [whole = '', fraction] = amount(value).split('.');
  return whole.padStart(8) + (fraction === undefined ? '' : `.${fraction}`).padEnd(5);
}
