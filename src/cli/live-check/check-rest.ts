import { firstValueFrom, map, type Observable, race, timer } from 'rxjs';
import { asFault, Fault } from '../../domain/fault.ts';
import type { Instrument } from '../../domain/instrument.ts';
import type { Environment } from '../../domain/record.ts';
import type { PageRows, PastOrigin, PastSeries, RestRequest, Rows, Venue } from '../../venues/contract.ts';
import { reportBadRows } from '../../venues/rest/report-bad-rows.ts';
import type { VenueRest } from '../../venues/rest/rest-client.ts';
import { count } from '../terminal/number-text.ts';
import { type CheckItem, checkedItem, failed, firstOf, passed } from './check-item.ts';

/** Each history is read from this many records before its end. */
const RECORDS = 1000;
const TIMEOUT_MS = 10_000;

/** A venue's REST interface, with the environment and the time of receipt that its records get. */
export interface CheckedRest {
  readonly venue: Venue;
  readonly ask: <T>(request: RestRequest<T>) => Promise<T>;
  readonly environment: Environment;
  readonly receivedAt: () => number;
}

/** Makes `ask`, which rejects with a Fault after ten seconds, or once `ended$` emits. */
export function askWithin(rest: VenueRest, ended$: Observable<unknown>): CheckedRest['ask'] {
  const fail = (reason: string) =>
    map((): never => {
      throw new Fault('connect_timeout', reason);
    });
  return (request) =>
    firstValueFrom(
      race(
        rest.ask$(request, TIMEOUT_MS),
        timer(TIMEOUT_MS).pipe(fail(`no answer within ${TIMEOUT_MS / 1000} s`)),
        ended$.pipe(fail('the check ended before the answer')),
      ),
    );
}

/** Reads one of the venue's lists. Returns its rows, and the check item about the list. */
export async function checkList<T>(
  name: string,
  request: RestRequest<Rows<T>>,
  { ask }: CheckedRest,
): Promise<{ readonly rows: readonly T[]; readonly item: CheckItem }> {
  try {
    const { rows, malformed } = await ask(request);
    const problems = malformed === 0 ? [] : [`${malformed} of ${rows.length + malformed} rows cannot be read`];
    return { rows, item: checkedItem(name, problems, `${count(rows.length)} rows`) };
  } catch (error) {
    return { rows: [], item: failed(name, asFault(error).message) };
  }
}

/** Reads the last records of each history of an instrument. Rows that cannot be read fail the check. */
export async function checkHistory(checked: CheckedRest, instrument: Instrument): Promise<readonly CheckItem[]> {
  const { venue, environment, receivedAt } = checked;
  const origin: PastOrigin = { instrument, environment, receivedAt };
  const { history } = venue;
  const series: readonly (readonly [string, PastSeries | undefined])[] = [
    ['history: trades', history?.trades?.(origin)],
    ['history: agg_trades', history?.aggTrades?.(origin)],
    ['history: klines', history?.klines(origin, '1m')],
  ];
  const recent = venue.recent?.(origin);
  return Promise.all([
    ...(recent === undefined ? [] : [checkRecent(checked, recent)]),
    ...series.flatMap(([name, one]) => (one === undefined ? [] : [checkSeries(name, checked, one)])),
  ]);
}

async function checkRecent({ ask }: CheckedRest, request: RestRequest<PageRows<unknown>>): Promise<CheckItem> {
  const name = 'history: last trades';
  const bad: string[] = [];
  try {
    const rows = await ask(reportBadRows(request, noteIn(bad)));
    return checkedItem(name, rows.length === 0 ? ['no row'] : bad, `${count(rows.length)} rows`);
  } catch (error) {
    return failed(name, asFault(error).message);
  }
}

async function checkSeries(name: string, { ask, receivedAt }: CheckedRest, series: PastSeries): Promise<CheckItem> {
  const bad: string[] = [];
  try {
    const latest = await ask(series.latest);
    if (latest === undefined) return failed(name, 'the venue has no record');
    const from = Math.max(0, series.step(latest, 1 - RECORDS));
    const { rows } = await ask(reportBadRows(series.page(from, latest, receivedAt() / 1000), noteIn(bad)));
    if (bad.length > 0) return failed(name, `${bad.length} rows cannot be read: ${firstOf(bad)}`);
    const jump = series.contiguous
      ? rows.find(({ place }, at) => at > 0 && place !== (rows[at - 1]?.place ?? 0) + 1)
      : undefined;
    if (rows.length === 0) return failed(name, 'an answer without rows');
    if (jump !== undefined) return failed(name, `the record before ${jump.place} is missing`);
    return passed(name, `${count(rows.length)} rows`);
  } catch (error) {
    return failed(name, asFault(error).message);
  }
}

const noteIn =
  (texts: string[]) =>
  (fault: Fault): void => {
    texts.push(fault.message);
  };
