import type { Instrument, VenueId } from '../../src/domain/instrument.ts';
import type { MarketEvent } from '../../src/domain/market-event.ts';
import type { Decoder } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';

const SHOWN = 3;

/** Decodes the frames of a recording, for all symbols in it, and counts the results. */
export class Decoding {
  /** Number of frames by result. */
  readonly outcomes = new Map<string, number>();
  readonly instruments = new Map<string, Instrument>();
  readonly #decode: Decoder;
  readonly #malformed: string[] = [];
  #malformedCount = 0;

  constructor(venue: VenueId) {
    this.#decode = venues[venue].newDecoder({ environment: 'replay', instruments: this.instruments });
  }

  get wrong(): string[] {
    const more = this.#malformedCount - this.#malformed.length;
    return [...this.#malformed, ...(more > 0 ? [`and ${more} more frames`] : [])];
  }

  /** `receivedAt`: microseconds since 1970. */
  events(frame: string, receivedAt = 1): readonly MarketEvent[] {
    this.#learn(frame);
    const decoded = this.#decode({ data: Buffer.from(frame), binary: false, receivedAt });
    if (decoded.kind === 'malformed') {
      this.#malformedCount++;
      if (this.#malformed.length < SHOWN)
        this.#malformed.push(`malformed: ${decoded.fault.message}: ${frame.slice(0, 120)}`);
    }
    this.#count(decoded);
    return decoded.kind === 'value' ? decoded.value : [];
  }

  #count(decoded: ReturnType<Decoder>): void {
    const name =
      decoded.kind === 'value'
        ? (decoded.value[0]?.kind ?? 'nothing_new')
        : decoded.kind === 'ignored'
          ? `ignored: ${decoded.reason}`
          : decoded.kind;
    this.outcomes.set(name, (this.outcomes.get(name) ?? 0) + 1);
  }

  /** Every symbol in the name of a stream or topic counts as subscribed. */
  #learn(frame: string): void {
    const stream =
      /^\{"stream":"([^"@]+)@/.exec(frame)?.[1] ?? /^\{[^{]*"topic":"(?:[^".]+\.)+([^".]+)"/.exec(frame)?.[1];
    const symbol = (
      stream ??
      /^\{"e":[^{]*"s":"([^"]+)"/.exec(frame)?.[1] ??
      /^\{"u":\d+,"s":"([^"]+)"/.exec(frame)?.[1]
    )?.toUpperCase();
    if (symbol !== undefined && !this.instruments.has(symbol)) this.instruments.set(symbol, instrumentOf(symbol));
  }
}

const QUOTES = ['USDT', 'USDC', 'BUSD', 'FDUSD', 'USD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY'];

export function quoteOf(symbol: string): string {
  return QUOTES.find((quote) => symbol.endsWith(quote) && symbol.length > quote.length) ?? symbol.slice(-3);
}

function instrumentOf(symbol: string): Instrument {
  return { coin: symbol.slice(0, -quoteOf(symbol).length), symbol, venueSymbol: symbol };
}
