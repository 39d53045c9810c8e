import type { Ask } from '../../src/backfill/history-span.ts';
import type { PastSeries, PlacedRecord } from '../../src/venues/contract.ts';
import { tradeEvent } from '../../testing/judges/events.ts';

const SECOND = 1000;

export const timeOf = (place: number): number => place * SECOND;

/** Trade `place` of a venue that makes one a second. */
export function placedTrade(place: number): PlacedRecord {
  return { place, record: tradeEvent(place, { timestamp: timeOf(place), source: 'backfill' }) };
}

/** A venue's past for tests: the place of each trade is its second since 1970. Requests are answered at once. */
export class NumberedPast {
  readonly places: number[];
  readonly pageSize: number;
  /** The range of every requested page. */
  readonly asked: { readonly from: number; readonly to: number }[] = [];

  constructor(places: readonly number[], pageSize: number) {
    this.places = [...places];
    this.pageSize = pageSize;
  }

  get series(): PastSeries {
    const answer = <T>(of: () => T) => ({ path: '', weight: 1, parse: of });
    return {
      contiguous: true,
      latest: answer(() => this.places.at(-1)),
      firstFrom: (timeMs) => answer(() => this.places.find((place) => timeOf(place) >= timeMs)),
      step: (place, records) => place + records,
      page: (from, to) =>
        answer(() => {
          this.asked.push({ from, to });
          const rows = this.places.filter((place) => place >= from && place <= to).slice(0, this.pageSize);
          return { rows: rows.map(placedTrade), next: (rows.at(-1) ?? from - 1) + 1 };
        }),
      placeOf: (record) => (record.kind === 'trade' ? Number(record.tradeId) : Number.NaN),
    };
  }
}

export const ask: Ask = async (request) => request.parse(undefined);

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
