import type { VenueId } from '../../src/domain/instrument.ts';
import { venues } from '../../src/venues/registry.ts';
import type { CheckResult } from './check-result.ts';
import { jsonOf, type Recording, venueInName } from './recordings.ts';

/** Reads the body of a REST response. The name of the file shows its kind. */
export function checkBody({ name, file }: Extract<Recording, { kind: 'body' }>): CheckResult {
  const venue: VenueId = venueInName(name) ?? 'binance';
  const body = jsonOf(file);
  if (/instruments|exchange-?info/i.test(name)) {
    const { rows, malformed } = venues[venue].instruments.parse(body);
    return {
      notes: [`${rows.length} instruments, ${rows.filter(({ status }) => status === 'trading').length} trading`],
      wrong: malformed === 0 ? [] : [`${malformed} rows cannot be read`],
    };
  }
  if (/time/i.test(name)) {
    return { notes: [`server time ${new Date(venues[venue].time.parse(body)).toISOString()}`], wrong: [] };
  }
  return { notes: [], wrong: [], skipped: 'no reader for this body' };
}
