/** A marble picture as data. The parser of rxjs reads its strings, as in the tests. */
import { TestScheduler } from 'rxjs/testing';

/** The meaning of a mark. Each has its colours, light and dark. */
export type Tone = 'first' | 'second' | 'third' | 'quiet' | 'good' | 'bad';

export interface Mark {
  /** Text in the mark; default: its marble. */
  readonly label?: string;
  readonly tone: Tone;
  /** Text for the legend. */
  readonly means?: string;
}

export interface Row<V> {
  readonly name: string;
  /** Time of the subscription, milliseconds; default 0. */
  readonly from?: number;
  readonly marbles: string;
  /** Values of the marbles in the test; default: the marbles themselves. */
  readonly values?: Readonly<Record<string, V>>;
  /** Marks by marble. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** Notes under the events, by time in milliseconds. */
  readonly notes?: Readonly<Record<number, string>>;
  /** Times of values that do not pass. They are drawn hollow. */
  readonly leftOut?: readonly number[];
  /**
   * Time spans: from, to, and the words that follow the milliseconds in the caption. They are drawn above the line, or
   * on it after its end.
   */
  readonly spans?: readonly (readonly [from: number, to: number, says: string])[];
  /** True: each value holds until the next, and colours the line. */
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

/** The events of a row, by time. */
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

/** Parses the marbles of a row. Throws if a note or a left-out value has a time without an event. */
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
