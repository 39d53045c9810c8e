import type { Instrument, InstrumentStatus } from '../../domain/instrument.ts';
import type { ListedInstrument } from '../../venues/contract.ts';
import type { StatusNote } from '../status/status-numbering.ts';
import { increment, type VenueCounts } from '../venue-counts.ts';
import type { VenueFeedEvent, VenueFeedOptions } from '../venue-feed-options.ts';
import type { InstrumentChange } from './followed-instruments.ts';

export interface InstrumentReportOptions extends Pick<VenueFeedOptions, 'venue' | 'environment' | 'wallClockMs'> {
  readonly counts: Pick<VenueCounts, 'ignored'>;
  readonly out: (event: VenueFeedEvent) => void;
}

type Note = Omit<StatusNote, 'venue'>;

/** What the instrument list of a venue says of a halted instrument. */
const HALTS: Readonly<Record<InstrumentStatus, string>> = {
  trading: 'trades',
  halted: 'is halted by the venue',
  cancel_only: 'accepts only cancellations of orders',
  closed: 'is no longer in the instrument list of the venue',
};

/** Reports what happens to a venue's instruments. */
export class InstrumentReport {
  readonly #options: InstrumentReportOptions;

  constructor(options: InstrumentReportOptions) {
    this.#options = options;
  }

  change(change: InstrumentChange): void {
    const { counts, out } = this.#options;
    switch (change.kind) {
      case 'opened':
        if (change.unchecked !== undefined)
          this.#note(listNote(`(${change.unchecked.message}); symbols are not checked yet`));
        out({ kind: 'instruments', instruments: change.instruments });
        return;
      case 'added':
        out({ kind: 'serves', symbol: change.instrument.symbol, serves: true });
        return;
      case 'listed':
        for (const instrument of change.instruments) {
          const reason = `${instrument.symbol} is followed from now on`;
          this.#note({ state: 'subscribed', reason, cause: 'listed', ...factsOf(instrument) });
        }
        out({ kind: 'instruments', instruments: change.instruments });
        for (const { symbol } of change.instruments) out({ kind: 'serves', symbol, serves: true });
        return;
      case 'unlisted': {
        const reason = 'not in the instrument list of the venue';
        this.#note({ state: 'subscription_rejected', reason, ...factsOf(change.instrument) });
        out({ kind: 'serves', symbol: change.instrument.symbol, serves: false });
        return;
      }
      case 'delisted': {
        const { symbol } = change.instrument;
        const reason = 'not followed any more: delisted, not trading, or not among the most traded';
        this.#note({ state: 'subscription_rejected', reason, cause: 'delisted', ...factsOf(change.instrument) });
        out({ kind: 'serves', symbol, serves: false });
        out({ kind: 'delisted', symbol });
        return;
      }
      case 'described':
        this.#described(change.instrument, change.row);
        return;
      case 'halted': {
        const { instrument, status } = change;
        const reason = `${instrument.symbol} ${HALTS[status]}; nothing is expected until it trades again`;
        this.#note({ state: 'instrument_halted', reason, cause: status, ...factsOf(instrument) });
        return;
      }
      case 'resumed': {
        const reason = `${change.instrument.symbol} trades again`;
        this.#note({ state: 'feed_recovered', reason, ...factsOf(change.instrument) });
        return;
      }
      case 'unavailable':
        increment(counts.ignored, 'instrument_list_unavailable');
        if (!change.opens) return;
        this.#note(listNote(`(${change.fault.message}); the feed requests it again`));
        out({ kind: 'disconnected', blocked: change.fault.kind === 'region_blocked' });
        return;
      case 'doubtful':
        increment(counts.ignored, 'instrument_list_doubtful');
    }
  }

  #described({ symbol, coin }: Instrument, { base: _, ...row }: ListedInstrument): void {
    const { environment, venue, wallClockMs, out } = this.#options;
    const receivedAt = wallClockMs() * 1000;
    out({
      kind: 'instrument',
      record: { kind: 'instrument', venue: venue.id, symbol, coin, ...row, receivedAt, environment },
    });
  }

  #note(note: Note): void {
    const { venue, out } = this.#options;
    out({ kind: 'status', note: { ...note, venue: venue.id } });
  }
}

function listNote(what: string): Note {
  return { state: 'connecting', reason: `instrument list not available ${what}` };
}

function factsOf({ symbol, coin, venueSymbol }: Instrument): Pick<Note, 'symbol' | 'coin' | 'details'> {
  return { symbol, coin, details: { venue_symbol: venueSymbol } };
}
