import type { Instrument, VenueId } from '../../src/domain/instrument.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import { venues } from '../../src/venues/registry.ts';
import { someTrades } from '../trades/some-trades.ts';

/* Makes frames of trades as venues send them, and the decoders for them: the input of benchmarks of single parts. */

/** Size of a socket read. Frames lie beside each other in its buffer. */
const READ_BYTES = 65_536;
const COINS = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'AVAX', 'LINK', 'DOT'];

export const instruments: readonly Instrument[] = COINS.map((coin) => ({
  coin,
  symbol: `${coin}USDT`,
  venueSymbol: `${coin}USDT`,
}));

/** Makes `count` trades, of the symbols in turn. */
export function tradesOfSymbols(count: number): readonly TradeEvent[] {
  return someTrades(count).map((trade, index) => {
    const { coin, symbol, venueSymbol } = instruments[index % instruments.length] as Instrument;
    return { ...trade, coin, symbol, venueSymbol };
  });
}

const TEXTS = {
  binance: ({ symbol, price, quantity, timestamp, eventTime, tradeId, isBuyerMaker }: TradeEvent): string =>
    `{"stream":"${symbol.toLowerCase()}@trade","data":{"e":"trade","E":${eventTime},"s":"${symbol}","t":${tradeId},"p":"${Number(price).toFixed(8)}","q":"${Number(quantity).toFixed(8)}","T":${timestamp},"m":${isBuyerMaker},"M":true}}`,
  bybit: ({ symbol, price, quantity, timestamp, eventTime, tradeId, isBuyerMaker }: TradeEvent): string =>
    `{"topic":"publicTrade.${symbol}","ts":${eventTime},"type":"snapshot","data":[{"i":"229${tradeId.padStart(16, '0')}","T":${timestamp},"p":"${price}","v":"${quantity}","S":"${isBuyerMaker ? 'Sell' : 'Buy'}","seq":${Number(tradeId) + 60_000_000_000},"s":"${symbol}","BT":false,"RPI":false}]}`,
} satisfies Partial<Record<VenueId, (trade: TradeEvent) => string>>;

export type FramedVenue = keyof typeof TEXTS;

/** The trades as a venue sends them, one in each frame. They lie in memory as a socket delivers them. */
export function framesOf(venue: FramedVenue, trades: readonly TradeEvent[]): readonly RawFrame[] {
  let read = Buffer.allocUnsafeSlow(READ_BYTES);
  let at = 0;
  return trades.map((trade) => {
    const text = TEXTS[venue](trade);
    if (at + text.length > READ_BYTES) {
      read = Buffer.allocUnsafeSlow(READ_BYTES);
      at = 0;
    }
    const data = read.subarray(at, at + read.write(text, at, 'latin1'));
    at += data.length;
    return { data, binary: false, receivedAt: trade.receivedAt };
  });
}

/** The venue's decoder. Throws if a frame is not a trade. */
export function tradeDecoder(venue: FramedVenue): (frame: RawFrame) => TradeEvent {
  const decoder = venues[venue].newDecoder({
    environment: 'production',
    instruments: new Map(instruments.map((instrument) => [instrument.venueSymbol, instrument])),
  });
  return (frame) => {
    const decoded = decoder(frame);
    const event = decoded.kind === 'value' ? decoded.value[0] : undefined;
    if (event?.kind !== 'trade') throw new Error(`${venue}: no trade but ${JSON.stringify(decoded)}`);
    return event;
  };
}
