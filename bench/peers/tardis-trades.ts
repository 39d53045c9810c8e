/**
 * tardis-dev's own Binance feed, pointed at the simulator by WSS_URL_BINANCE. Arguments: broker, topic, symbols
 * (BTCUSDT ...).
 */
import { normalizeTrades, streamNormalized } from 'tardis-dev';
import { connectSink } from '../baseline/connect-sink.ts';

const [broker = '', topic = '', ...symbols] = process.argv.slice(2);
const send = await connectSink(broker, topic);
const onError = (error: Error) => console.error(error);
for await (const trade of streamNormalized({ exchange: 'binance', symbols, onError }, normalizeTrades)) {
  const { symbol, id, side, price, amount, timestamp } = trade;
  const value = JSON.stringify({ symbol, id, side, price, amount, timestamp: timestamp.getTime() });
  send({ key: symbol, value });
}
