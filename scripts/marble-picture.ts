/** A marble picture as data. Its strings are read by rxjs's own parser, the one that the tests use. */
import { TestScheduler } from 'rxjs/testing';

/** What a mark is to the reader; each has its colours, light and dark. */
export type Tone = 'first' | 'second' | 'third' | 'quiet' | 'good' | 'bad';

export interface Mark {
  /** In the mark; default: its marble. */
  readonly label?: string;
  readonly tone: Tone;
  /** A line of the legend. */
  readonly means?: string;
}

export interface Row<V> {
  readonly name: string;
  /** When it is subscribed to, milliseconds; default 0. */
  readonly from?: number;
  readonly marbles: string;
  /** What the marbles stand for in the test; default: themselves. */
  readonly values?: Readonly<Record<string, V>>;
  /** By marble. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** A few words under what happens at a time, by that time in milliseconds. */
  readonly notes?: Readonly<Record<number, string>>;
  /** Times whose values do not get through: drawn hollow. */
  readonly leftOut?: readonly number[];
  /** Measured stretches of time: from, to, words after the milliseconds. Drawn above the line, or on it where the line has ended. */
  readonly spans?: readonly (readonly [from: number, to: number, says: string])[];
  /** Each value holds until the next: the line takes its colour. */
  readonly holds?: boolean;
}

export interface MarblePicture<I = unknown, O = unknown> {
  /** Name of the operator. */
  readonly name: string;
  /** The text for a reader who cannot see the picture. */
  readonly description: string;
  readonly inputs: readonly Row<I>[];
  /** Lines of code. */
  readonly operator: readonly string[];
  readonly result: Row<O>;
}

export type Happening = { readonly kind: 'value'; readonly marble: string } | { readonly kind: 'error' | 'complete' };

/** What happens in a row, by time. */
export interface Course {
  readonly at: ReadonlyMap<number, readonly Happening[]>;
  readonly terminatedAt: number | undefined;
}

function readMarbles(marbles: string, from: number) {
  return TestScheduler.parseMarbles(marbles, undefined, undefined, false, true).map(({ frame, notification }) => ({
    time: from + frame / TestScheduler.frameTimeFactor,
    notification,
  }));
}

/** When a row's marbles end, milliseconds. */
export const endOf = (row: Row<unknown>): number => readMarbles(`${row.marbles}|`, row.from ?? 0).at(-1)?.time ?? 0;

/** What a row's marbles say. Throws where a note or a value left out is at a time at which nothing happens. */
export function courseOf(row: Row<unknown>): Course {
  const at = new Map<number, Happening[]>();
  let terminatedAt: number | undefined;
  for (const { time, notification } of readMarbles(row.marbles, row.from ?? 0)) {
    const happening: Happening =
      notification.kind === 'N'
        ? { kind: 'value', marble: String(notification.value) }
        : { kind: notification.kind === 'E' ? 'error' : 'complete' };
    if (happening.kind !== 'value') terminatedAt = time;
    at.set(time, [...(at.get(time) ?? []), happening]);
  }
  for (const time of [...Object.keys(row.notes ?? {}).map(Number), ...(row.leftOut ?? [])])
    if (!at.has(time)) throw new Error(`row ${row.name}: nothing happens at ${time}`);
  return { at, terminatedAt };
}

export function markOf(row: Row<unknown>, marble: string): Mark {
  const mark = row.marks[marble];
  if (mark === undefined) throw new Error(`row ${row.name}: ${marble} has no mark`);
  return mark;
}
