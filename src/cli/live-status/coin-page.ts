import type { BookLevel, OrderBookSnapshot, TradeEvent } from '../../domain/record.ts';
import { topFigures } from '../../market/book/book-figures.ts';
import { amount, percent, rate } from '../terminal/number-text.ts';
import { type PriceTrail, sparkline } from '../terminal/price-memory.ts';
import { inColumns, type Style, span } from '../terminal/terminal-text.ts';
import type { ListedCoin } from './coin-order.ts';
import { changeStyle, priceSpans } from './coins.ts';
import { beside, type Room, type Row } from './screen.ts';
import type { ShownRecords } from './shown-records.ts';
import { age } from './venues.ts';

/** From this width on, the trades are beside the book, otherwise below it. */
const BESIDE_FROM = 70;

/** One coin: its price, its order book and its last trades, in at most the room's rows. */
export function coinPage(
  coin: ListedCoin,
  trail: PriceTrail | undefined,
  records: Pick<ShownRecords, 'market'>,
  { columns, rows }: Room,
): readonly Row[] {
  const { book, trades } = records.market(coin.venue, coin.symbol);
  const present = book?.epoch === coin.epoch ? book : undefined;
  const head = headRows(coin, trail, present, columns);
  const room = rows - head.length;
  if (columns < BESIDE_FROM) {
    const bookRows = Math.ceil(room / 2);
    const above = bookBlock(present, coin, trail, { columns, rows: bookRows });
    return [...head, ...above, ...tradeBlock(trades, coin, { columns, rows: room - above.length })].slice(0, rows);
  }
  const left = Math.floor(columns / 2);
  const bookSide = bookBlock(present, coin, trail, { columns: left - 1, rows: room });
  const tradeSide = tradeBlock(trades, coin, { columns: columns - left, rows: room });
  return [...head, ...beside(bookSide, tradeSide, left)].slice(0, rows);
}

function headRows(
  coin: ListedCoin,
  trail: PriceTrail | undefined,
  book: OrderBookSnapshot | undefined,
  columns: number,
): readonly Row[] {
  const { symbol, change24h, tradesPerSecond, ageMs, stale, haltReason, venue, epoch } = coin;
  const last = ageMs === null ? 'no data yet' : `last ${age(ageMs)}${ageMs < 1000 ? '' : ' ago'}`;
  const served = venue === null ? 'no venue yet' : `${venue}${epoch > 0 ? ` #${epoch}` : ''}`;
  const spread = spreadText(book);
  return [
    [
      span(` ${symbol}  `, 'bold'),
      ...priceSpans(coin, trail, 0),
      span(`  24 h ${change24h === null ? '–' : percent(change24h)}`, changeStyle(coin)),
      span(`  ${stale ? '! ' : ''}${last}`, stale ? 'warn' : 'dim'),
      span(`  ${rate(tradesPerSecond)} trades/s`, 'dim'),
      span(`  ${served}`, 'dim'),
    ],
    [
      span(spread === '' ? ' ' : ` ${spread}  `, stale ? 'dim' : 'plain'),
      span(sparkline(trail?.prices ?? [], Math.max(0, columns - spread.length - 4)), stale ? 'dim' : 'accent'),
    ],
    ...(haltReason === null ? [] : [[span(` halted: ${haltReason}`, 'warn')]]),
  ];
}

function spreadText(book: OrderBookSnapshot | undefined): string {
  const figures = book && topFigures(book);
  return figures === undefined ? '' : `spread ${amount(figures.spread)} (${(figures.spreadPct * 100).toFixed(2)} bp)`;
}

/** Asks above bids, each with its quantity and a bar for the sum up to it. */
function bookBlock(
  book: OrderBookSnapshot | undefined,
  coin: ListedCoin,
  trail: PriceTrail | undefined,
  { columns, rows }: Room,
): readonly Row[] {
  if (book === undefined)
    return [[span('  BOOK', 'dim')], [span('  no order book yet (it needs a channel depth)', 'dim')]];
  const levels = Math.max(1, Math.floor((rows - 2) / 2));
  const [asks, bids] = [book.asks.slice(0, levels), book.bids.slice(0, levels)];
  const most = Math.max(sumOf(asks), sumOf(bids));
  const prices = aligned([...asks, ...bids].map(({ price }) => price));
  const quantities = aligned([...asks, ...bids].map(({ quantity }) => quantity));
  const isOld = coin.stale || book.stale;
  const header = [
    span(`  ${inColumns('PRICE', prices.width, 'right')}  ${inColumns('QUANTITY', quantities.width, 'right')}`, 'dim'),
    book.stale ? span('  BOOK is stale: the feed gets it again', 'warn') : span('  BOOK', 'dim'),
  ];
  const barWidth = Math.max(0, columns - 6 - prices.width - quantities.width);
  const side = (levelsOf: readonly BookLevel[], style: Style): readonly Row[] => {
    let sum = 0;
    return levelsOf.map(({ price, quantity }) => {
      sum += Number(quantity);
      return [
        span(`  ${prices.text(price)}`, isOld ? 'dim' : style),
        span(`  ${quantities.text(quantity)}`, isOld ? 'dim' : 'plain'),
        span(`  ${'▪'.repeat(Math.round((barWidth * sum) / most))}`, 'dim'),
      ];
    });
  };
  const middle = [span('  '), ...priceSpans(coin, trail, prices.width), span(' last', 'dim')];
  return [header, ...side(asks, 'down').toReversed(), middle, ...side(bids, 'up')];
}

/** The newest first. */
function tradeBlock(trades: readonly TradeEvent[], { stale }: ListedCoin, { columns, rows }: Room): readonly Row[] {
  const shown = trades.toReversed().slice(0, Math.max(0, rows - 1));
  if (shown.length === 0) return [[span('  TRADES', 'dim')], [span('  no trade yet', 'dim')]];
  const prices = aligned(shown.map(({ price }) => price));
  const quantities = aligned(shown.map(({ quantity }) => quantity));
  const timeWidth = columns < 50 ? 8 : 12;
  const title = `  ${inColumns('TIME', timeWidth)}  ${inColumns('PRICE', prices.width, 'right')}  ${inColumns('QUANTITY', quantities.width, 'right')}`;
  return [
    [span(title, 'dim'), span('  TRADES', 'dim')],
    ...shown.map(({ timestamp, price, quantity, isBuyerMaker, source }): Row => {
      const style: Style = stale ? 'dim' : isBuyerMaker ? 'down' : 'up';
      return [
        span(`  ${new Date(timestamp).toISOString().slice(11, 11 + timeWidth)}`, 'dim'),
        span(`  ${prices.text(price)}`, style),
        span(`  ${quantities.text(quantity)}`, stale ? 'dim' : 'plain'),
        span(isBuyerMaker ? '  sell' : '  buy ', style),
        span(source === 'backfill' ? '  backfill' : '', 'dim'),
      ];
    }),
  ];
}

/** How decimals are shown below each other: with the same number of places, right-aligned. */
function aligned(values: readonly string[]): { readonly width: number; readonly text: (value: string) => string } {
  const places = Math.max(0, ...values.map((value) => value.split('.')[1]?.length ?? 0));
  const width = Math.max(8, ...values.map((value) => amount(value, places).length));
  return { width, text: (value) => inColumns(amount(value, places), width, 'right') };
}

function sumOf(levels: readonly BookLevel[]): number {
  return levels.reduce((sum, { quantity }) => sum + Number(quantity), 0);
}
