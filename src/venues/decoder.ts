import type { VenueId } from '../domain/instrument.ts';
import { type AdapterOptions, checkedOptions, instrumentsOf } from './adapter-options.ts';
import type { Decoder } from './contract.ts';
import { venues } from './registry.ts';

export type DecoderOptions = Pick<AdapterOptions, 'symbols' | 'quote' | 'environment'>;

/**
 * Makes the decoder of one connection, for frames of a WebSocket of your own. Make one for each connection, because it
 * may drop what the connection repeats. It does not throw: a frame that cannot be read is `malformed`, a frame of other
 * symbols `ignored`.
 *
 * @example
 * const decode = decoderOf('bybit', { symbols: ['BTCUSDT'] });
 * const decoded = decode({ data, binary: false, receivedAt: Date.now() * 1000 });
 * if (decoded.kind === 'value') for (const event of decoded.value) console.log(event.kind);
 *
 * @throws TypeError that names an unknown venue or a wrong option
 */
export function decoderOf(venue: VenueId, options: DecoderOptions): Decoder {
  if (!Object.hasOwn(venues, venue))
    throw new TypeError(`decoderOf: no venue ${venue}; there are ${Object.keys(venues).join(', ')}`);
  const known = venues[venue];
  const { environment = venue === 'binance_testnet' ? 'testnet' : 'production' } = checkedOptions(known, options);
  const instruments = new Map(instrumentsOf(options).map((each) => [each.venueSymbol.toUpperCase(), each]));
  return known.newDecoder({ environment, instruments });
}
