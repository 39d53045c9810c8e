import { amount, percent, rate } from '../terminal/number-text.ts';
import { moveOf, type PriceMemory, type PriceTrail, placesOf, sparkline } from '../terminal/price-memory.ts';
import { inColumns, padSpans, type Style, span } from '../terminal/terminal-text.ts';
import type { ListedCoin } from './coin-order.ts';
import { pageOf, type Room, type Row } from './screen.ts';
import { age } from './venues.ts';

export interface CoinList {
  readonly coins: readonly ListedCoin[];
  readonly memory: PriceMemory;
  /** Index of the selected coin. */
  readonly selected: number;
  /** True: the selected coin is marked. */
  readonly isMarked: boolean;
}

export interface CoinBlock {
  readonly rows: readonly Row[];
  /** The coins below each other; as many columns are on the page as fit. */
  readonly perColumn: number;
  readonly perPage: number;
}

const CELL = { mark: 2, coin: 7, price: 12, arrow: 2, change: 9, rate: 7 };
const CELL_WIDTH = CELL.mark + CELL.coin + CELL.price + CELL.arrow + CELL.change + CELL.rate;
const EXTRAS = { trail: 22, age: 10, venue: 18 };
/** The columns of a coin with everything. */
export const FULL_COIN_WIDTH = CELL_WIDTH + EXTRAS.trail + EXTRAS.age + EXTRAS.venue;

/** The rows that show all coins, with as many beside each other as fit. */
export function leastCoinRows(coins: number, columns: number): number {
  return 1 + Math.ceil(coins / Math.max(1, Math.floor(columns / CELL_WIDTH)));
}

/** A header and the coins, beside each other only as far as needed. Coins that do not fit are on further pages. */
export function coinBlock({ coins, memory, selected, isMarked }: CoinList, { columns, rows }: Room): CoinBlock {
  const most = Math.max(1, Math.floor(columns / CELL_WIDTH));
  const across = Math.min(most, Math.max(1, Math.ceil(coins.length / Math.max(1, rows - 1))));
  const width = Math.floor(columns / across);
  const fits = coins.length <= across * (rows - 1);
  const perColumn = fits ? Math.ceil(coins.length / across) : Math.max(1, rows - 2);
  const page = pageOf(coins, selected, across * perColumn);
  const header = Array.from({ length: across }, () => padSpans([span(coinHeader(width), 'dim')], width)).flat();
  const body = Array.from({ length: Math.min(perColumn, page.items.length) }, (_, row) =>
    Array.from({ length: across }, (_unused, column) => {
      const index = column * perColumn + row;
      const coin = page.items[index];
      if (coin === undefined) return [];
      const isSelected = isMarked && page.from + index === selected;
      return padSpans(coinCell(coin, memory.get(coin.id), isSelected, width), width);
    }).flat(),
  );
  const range = ` coins ${page.from + 1}–${page.from + page.items.length} of ${coins.length}`;
  const rest = fits ? [] : [[span(range, 'dim')]];
  return { rows: [header, ...body, ...rest], perColumn, perPage: across * perColumn };
}

function extrasWithin(width: number) {
  let left = width - CELL_WIDTH;
  const take = (wanted: number) => {
    if (left < wanted) return false;
    left -= wanted;
    return true;
  };
  const hasAge = take(EXTRAS.age);
  const hasVenue = take(EXTRAS.venue);
  return { age: hasAge, venue: hasVenue, trail: take(EXTRAS.trail) };
}

function coinHeader(width: number): string {
  const { trail, age: hasAge, venue } = extrasWithin(width);
  const base = `  ${inColumns('COIN', CELL.coin)}${inColumns('PRICE', CELL.price, 'right')}  ${inColumns('24 H', CELL.change, 'right')}${inColumns('TRD/S', CELL.rate, 'right')}`;
  const last = `${trail ? inColumns('  TREND', EXTRAS.trail) : ''}${hasAge ? inColumns('LAST', EXTRAS.age, 'right') : ''}`;
  return base + last + (venue ? '  VENUE' : '');
}

/** A stale coin is dim, and shows no move: its price is not the present one. */
function coinCell(coin: ListedCoin, trail: PriceTrail | undefined, isSelected: boolean, width: number): Row {
  const { change24h, tradesPerSecond, ageMs, stale, venue, epoch } = coin;
  const extras = extrasWithin(width);
  const trend = `  ${sparkline(trail?.prices ?? [], EXTRAS.trail - 2)}`;
  const served = venue === null ? '' : `  ${venue}${epoch > 0 ? ` #${epoch}` : ''}`;
  return [
    span(isSelected ? '>' : ' ', 'accent'),
    span(stale ? '!' : ' ', 'warn'),
    span(coin.coin, isSelected ? 'selected' : stale ? 'dim' : 'bold'),
    span(inColumns('', CELL.coin - coin.coin.length)),
    ...priceSpans(coin, trail),
    span(inColumns(change24h === null ? '–' : percent(change24h), CELL.change, 'right'), changeStyle(coin)),
    span(inColumns(rate(tradesPerSecond), CELL.rate, 'right'), stale || tradesPerSecond === 0 ? 'dim' : 'plain'),
    ...(extras.trail ? [span(inColumns(trend, EXTRAS.trail), stale ? 'dim' : 'accent')] : []),
    ...(extras.age
      ? [span(inColumns(ageMs === null ? '–' : age(ageMs), EXTRAS.age, 'right'), stale ? 'warn' : 'dim')]
      : []),
    ...(extras.venue ? [span(inColumns(served, EXTRAS.venue), 'dim')] : []),
  ];
}

/** Dim if the coin is stale or its change unknown, otherwise the style of the change's direction. */
export function changeStyle({ stale, change24h }: ListedCoin): Style {
  if (stale || change24h === null) return 'dim';
  return change24h.startsWith('-') ? 'down' : 'up';
}

/** The price and the direction of its last move. */
export function priceSpans({ price, stale }: ListedCoin, trail: PriceTrail | undefined, width = CELL.price): Row {
  const move = price === null || stale || trail === undefined ? 0 : moveOf(trail);
  const text = price === null ? '–' : amount(price, trail && placesOf(trail));
  const style = stale ? 'dim' : move > 0 ? 'upBold' : move < 0 ? 'downBold' : 'plain';
  return [
    span(width === 0 ? text : inColumns(text, width, 'right'), style),
    span(move > 0 ? ' ▲' : move < 0 ? ' ▼' : '  ', move > 0 ? 'up' : 'down'),
  ];
}
