import type { Instrument } from '../../domain/instrument.ts';
import type { StatusNote } from '../status/status-log.ts';
import type { InstrumentChange } from './followed-instruments.ts';

type Note = Omit<StatusNote, 'venue'>;

/** What feed-status says of a change in the instruments that are followed. */
export function instrumentNotes(change: InstrumentChange): readonly Note[] {
  switch (change.kind) {
    case 'opened': {
      const { unchecked } = change;
      if (unchecked === undefined) return [];
      const reason = `instrument list not available (${unchecked.message}); symbols are not checked yet`;
      return [{ state: 'connecting', reason }];
    }
    case 'unavailable': {
      if (!change.opens) return [];
      const reason = `instrument list not available (${change.fault.message}); it is asked for again`;
      return [{ state: 'connecting', reason }];
    }
    case 'listed':
      return change.instruments.map((instrument) => {
        const reason = `${instrument.symbol} is followed from now on`;
        return { state: 'subscribed', reason, cause: 'listed', ...factsOf(instrument) };
      });
    case 'unlisted': {
      const reason = 'not in the instrument list of the venue, or not trading';
      return [{ state: 'subscription_rejected', reason, ...factsOf(change.instrument) }];
    }
    case 'delisted': {
      const reason = 'not followed any more: delisted, not trading, or not among the most traded';
      return [{ state: 'subscription_rejected', reason, cause: 'delisted', ...factsOf(change.instrument) }];
    }
    default:
      return [];
  }
}

function factsOf({ symbol, coin, venueSymbol }: Instrument): Pick<Note, 'symbol' | 'coin' | 'details'> {
  return { symbol, coin, details: { venue_symbol: venueSymbol } };
}
