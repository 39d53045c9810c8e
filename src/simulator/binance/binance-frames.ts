import type { SimulatedCandle } from '../market/candle.ts';
import { eightPlaces } from '../market/decimals.ts';
import type { Listing } from '../market/listing.ts';

/** Text of a price or of a quantity of a listing, as Binance writes it. */
export function priceText(listing: Listing, steps: number): string {
  return steps < 0 ? `-${eightPlaces(-steps, listing.priceDecimals)}` : eightPlaces(steps, listing.priceDecimals);
}

export function quantityText(listing: Listing, steps: number): string {
  return eightPlaces(steps, listing.quantityDecimals);
}

export function quoteText(listing: Listing, product: number): string {
  return eightPlaces(product, listing.priceDecimals + listing.quantityDecimals);
}

/** `@trade`. `unit`: what follows milliseconds to make the wanted unit, '' or '000'. Binance US still has order ids. */
export function tradeData(
  listing: Listing,
  number: number,
  price: string,
  quantity: string,
  unit: string,
  orderIds: boolean,
): string {
  const { trades } = listing;
  const time = trades.time(number) + unit;
  const id = trades.id(number);
  const orders = orderIds ? `"b":${id * 2 + 1},"a":${id * 2},` : '';
  return `{"e":"trade","E":${time},"s":"${listing.symbol}","t":${id},"p":"${price}","q":"${quantity}",${orders}"T":${time},"m":${trades.sell(number)},"M":true}`;
}

/** `@aggTrade` for the trades `first` … `last` of one group. */
export function aggTradeData(
  listing: Listing,
  first: number,
  last: number,
  price: string,
  quantity: string,
  unit: string,
): string {
  const { trades } = listing;
  const time = trades.time(first) + unit;
  return `{"e":"aggTrade","E":${time},"s":"${listing.symbol}","a":${trades.group(first)},"p":"${price}","q":"${quantity}","f":${trades.id(first)},"l":${trades.id(last)},"T":${time},"m":${trades.sell(first)},"M":true}`;
}

export function bookTickerData(listing: Listing): string {
  const { bestBid, bestAsk } = listing;
  return `{"u":${listing.updateId},"s":"${listing.symbol}","b":"${priceText(listing, bestBid)}","B":"${quantityText(listing, listing.quantityAt(bestBid))}","a":"${priceText(listing, bestAsk)}","A":"${quantityText(listing, listing.quantityAt(bestAsk))}"}`;
}

/** The figures of 24 hours that the stream and the REST ticker share. */
export function dayFigures(listing: Listing, now: number): DayFigures {
  const day = listing.candles.day(now);
  const change = day.close - day.open;
  return {
    day,
    change: priceText(listing, change),
    percent: ((change / day.open) * 100).toFixed(3),
    average: (day.quote / day.volume / 10 ** listing.priceDecimals).toFixed(8),
    lastQuantity: quantityText(
      listing,
      listing.trades.count > 0 ? listing.trades.quantity(listing.trades.count - 1) : 1,
    ),
    openTime: now - 86_400_000,
    closeTime: now,
  };
}

export interface DayFigures {
  readonly day: SimulatedCandle;
  readonly change: string;
  readonly percent: string;
  readonly average: string;
  readonly lastQuantity: string;
  readonly openTime: number;
  readonly closeTime: number;
}

export function tickerData(listing: Listing, now: number, unit: string): string {
  const { day, change, percent, average, lastQuantity, openTime } = dayFigures(listing, now);
  const price = (steps: number) => priceText(listing, steps);
  const quantity = (steps: number) => quantityText(listing, steps);
  const { bestBid, bestAsk } = listing;
  return (
    `{"e":"24hrTicker","E":${now}${unit},"s":"${listing.symbol}","p":"${change}","P":"${percent}","w":"${average}","x":"${price(day.open)}",` +
    `"c":"${price(day.close)}","Q":"${lastQuantity}","b":"${price(bestBid)}","B":"${quantity(listing.quantityAt(bestBid))}",` +
    `"a":"${price(bestAsk)}","A":"${quantity(listing.quantityAt(bestAsk))}","o":"${price(day.open)}","h":"${price(day.high)}","l":"${price(day.low)}",` +
    `"v":"${quantity(day.volume)}","q":"${quoteText(listing, day.quote)}","O":${openTime}${unit},"C":${now}${unit},"F":${day.firstId},"L":${day.lastId},"n":${day.trades}}`
  );
}

export function miniTickerData(listing: Listing, now: number, unit: string): string {
  const day = listing.candles.day(now);
  const price = (steps: number) => priceText(listing, steps);
  return (
    `{"e":"24hrMiniTicker","E":${now}${unit},"s":"${listing.symbol}","c":"${price(day.close)}","o":"${price(day.open)}","h":"${price(day.high)}",` +
    `"l":"${price(day.low)}","v":"${quantityText(listing, day.volume)}","q":"${quoteText(listing, day.quote)}"}`
  );
}

/** `@kline_<interval>` of the candle from `open` up to but not including `end`. */
export function klineData(
  listing: Listing,
  interval: string,
  open: number,
  end: number,
  now: number,
  closed: boolean,
  unit: string,
): string {
  const candle = listing.candles.candle(open, end);
  const price = (steps: number) => priceText(listing, steps);
  const last = unit === '' ? `${end - 1}` : `${end - 1}999`;
  return (
    `{"e":"kline","E":${now}${unit},"s":"${listing.symbol}","k":{"t":${open}${unit},"T":${last},"s":"${listing.symbol}","i":"${interval}",` +
    `"f":${candle.firstId},"L":${candle.lastId},"o":"${price(candle.open)}","c":"${price(candle.close)}","h":"${price(candle.high)}","l":"${price(candle.low)}",` +
    `"v":"${quantityText(listing, candle.volume)}","n":${candle.trades},"x":${closed},"q":"${quoteText(listing, candle.quote)}",` +
    `"V":"${quantityText(listing, candle.buyVolume)}","Q":"${quoteText(listing, candle.buyQuote)}","B":"0"}}`
  );
}
