import type { Listing } from '../market/listing.ts';
import type { CandleSpan } from '../paced-topics.ts';

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
  return `{"u":${listing.updateId},"s":"${listing.symbol}","b":"${listing.priceText(bestBid)}","B":"${listing.quantityText(listing.quantityAt(bestBid))}","a":"${listing.priceText(bestAsk)}","A":"${listing.quantityText(listing.quantityAt(bestAsk))}"}`;
}

/** The figures of 24 hours that the stream and the REST ticker share. */
export function dayFigures(listing: Listing, now: number) {
  const day = listing.candles.day(now);
  const change = day.close - day.open;
  return {
    day,
    change: listing.priceText(change),
    percent: ((change / day.open) * 100).toFixed(3),
    average: (day.quote / day.volume / 10 ** listing.priceDecimals).toFixed(8),
    lastQuantity: listing.quantityText(
      listing.trades.count > 0 ? listing.trades.quantity(listing.trades.count - 1) : 1,
    ),
    openTime: now - 86_400_000,
  };
}

export function tickerData(listing: Listing, now: number, unit: string): string {
  const { day, change, percent, average, lastQuantity, openTime } = dayFigures(listing, now);
  const price = (steps: number) => listing.priceText(steps);
  const quantity = (steps: number) => listing.quantityText(steps);
  const { bestBid, bestAsk } = listing;
  return (
    `{"e":"24hrTicker","E":${now}${unit},"s":"${listing.symbol}","p":"${change}","P":"${percent}","w":"${average}","x":"${price(day.open)}",` +
    `"c":"${price(day.close)}","Q":"${lastQuantity}","b":"${price(bestBid)}","B":"${quantity(listing.quantityAt(bestBid))}",` +
    `"a":"${price(bestAsk)}","A":"${quantity(listing.quantityAt(bestAsk))}","o":"${price(day.open)}","h":"${price(day.high)}","l":"${price(day.low)}",` +
    `"v":"${quantity(day.volume)}","q":"${listing.quoteText(day.quote)}","O":${openTime}${unit},"C":${now}${unit},"F":${day.firstId},"L":${day.lastId},"n":${day.trades}}`
  );
}

export function miniTickerData(listing: Listing, now: number, unit: string): string {
  const day = listing.candles.day(now);
  const price = (steps: number) => listing.priceText(steps);
  return (
    `{"e":"24hrMiniTicker","E":${now}${unit},"s":"${listing.symbol}","c":"${price(day.close)}","o":"${price(day.open)}","h":"${price(day.high)}",` +
    `"l":"${price(day.low)}","v":"${listing.quantityText(day.volume)}","q":"${listing.quoteText(day.quote)}"}`
  );
}

/** `@kline_<interval>`. */
export function klineData(
  listing: Listing,
  interval: string,
  { open, end, closed }: CandleSpan,
  now: number,
  unit: string,
): string {
  const candle = listing.candles.candle(open, end);
  const price = (steps: number) => listing.priceText(steps);
  const last = unit === '' ? `${end - 1}` : `${end - 1}999`;
  return (
    `{"e":"kline","E":${now}${unit},"s":"${listing.symbol}","k":{"t":${open}${unit},"T":${last},"s":"${listing.symbol}","i":"${interval}",` +
    `"f":${candle.firstId},"L":${candle.lastId},"o":"${price(candle.open)}","c":"${price(candle.close)}","h":"${price(candle.high)}","l":"${price(candle.low)}",` +
    `"v":"${listing.quantityText(candle.volume)}","n":${candle.trades},"x":${closed},"q":"${listing.quoteText(candle.quote)}",` +
    `"V":"${listing.quantityText(candle.buyVolume)}","Q":"${listing.quoteText(candle.buyQuote)}","B":"0"}}`
  );
}
