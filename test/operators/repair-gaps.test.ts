import fc from 'fast-check';
import {
  defer,
  delay,
  EMPTY,
  finalize,
  from,
  interval,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  take,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type GapEvent, repairGaps } from '../../src/operators/repair-gaps.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { ContiguousSequence } from '../../src/operators/sequence/contiguous-sequence.ts';
import type { IdSequence, PossibleGap } from '../../src/operators/sequence/id-sequence.ts';
import type {
  RepairGapsOptions,
  RepairLinesOptions,
  SequenceChange,
} from '../../src/operators/sequence/repair-options.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { type MarbleHelpers, marbles } from '../../testing/marbles/marbles.ts';
import { runs } from '../../testing/properties/seeds.ts';
import { picture } from './pictures/repair-gaps.ts';

type Options = Partial<RepairGapsOptions<string>> & Pick<RepairGapsOptions<string>, 'fetch'>;

// A value is its own id and time.
const access = { first: Number, timestamp: Number };

/** An event as short text. A value stands for itself. */
function textOf<T>(event: GapEvent<T>): string {
  if (event.kind === 'value') return `${event.value}`;
  if (event.kind === 'reset') return `reset ${event.before.id} to ${event.value}`;
  const { before, after, missing, filled } = event.gap;
  return `${event.kind} ${before.id}-${after} ${filled}/${missing}`;
}

function repaired({ scheduler }: MarbleHelpers, source: Observable<string>, options: Options): Observable<string> {
  return source.pipe(repairGaps({ ...access, scheduler, ...options }), map(textOf));
}

const never = () => NEVER;

/** `arrivals` such as `a1 B2`: line 1 delivers value a, whose id is 1, at 1 ms. Line 2 delivers value b at 2 ms. */
function byLines(
  arrivals: string,
  options: Partial<RepairLinesOptions<string, string, string>>,
  changes: readonly { readonly at: number; readonly change: SequenceChange<string, string> }[] = [],
  values: string[] = [],
): string[] {
  const scheduler = new VirtualTimeScheduler();
  const idOf = (value: string) => value.charCodeAt(0) - 96;
  const letterOf = (id: string) => String.fromCharCode(96 + Number(id));
  const out: string[] = [];
  const source = merge(
    ...arrivals.split(' ').map((text) => of(text.charAt(0)).pipe(delay(Number(text.slice(1)), scheduler))),
  );
  source
    .pipe(
      repairGaps<string, string, string>({
        key: () => '',
        line: (arrival) => (arrival < 'a' ? 2 : 1),
        value: (arrival) => arrival.toLowerCase(),
        sequence: () => new ContiguousSequence({ first: idOf, last: idOf, timestamp: idOf }, 100),
        changes$: merge(...changes.map(({ at, change }) => of(change).pipe(delay(at, scheduler)))),
        scheduler,
        ...options,
      }),
    )
    .subscribe((event) => {
      if (event.kind === 'value') values.push(event.value);
      const text =
        event.kind === 'gap'
          ? `gap ${letterOf(event.gap.before.id)}-${event.gap.after} ${event.gap.filled}/${event.gap.missing}`
          : `${event.kind === 'value' ? event.value : event.kind}`;
      out.push(`${scheduler.now()} ${text}`);
    });
  scheduler.flush();
  return out;
}

describe('repairGaps', () => {
  it('reports missing values, fetches them, and emits them before the waiting values', () => {
    expectPicture(picture, ([source = NEVER, answer$ = NEVER], { scheduler }) =>
      source.pipe(repairGaps({ ...access, fetch: () => answer$.pipe(map(() => ['4', '3'])), scheduler })),
    );
  });

  it('emits nothing while the source emits nothing', () => {
    marbles((helpers) => {
      const { cold, expectObservable, expectSubscriptions } = helpers;
      const source = cold('     ---');
      const sub = '             ^---!';
      const unsub = '           ----!';
      const expected = '        -----';
      expectObservable(repaired(helpers, source, { fetch: never }), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes when an empty source completes', () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const source = cold('     --|');
      const expected = '        --|';
      expectObservable(repaired(helpers, source, { fetch: never })).toBe(expected);
    });
  });

  it('emits the first value, whatever its id is', () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const source = cold('     -7-|');
      const expected = '        -7-|';
      expectObservable(repaired(helpers, source, { fetch: never })).toBe(expected);
    });
  });

  it('drops repeated values, and fetches nothing if no id is missing', () => {
    marbles((helpers) => {
      const { cold, expectObservable, flush } = helpers;
      const fetch = vi.fn(never);
      const source = cold('     12132-34-(567)|');
      const expected = '        12-3---4-(567)|';
      expectObservable(repaired(helpers, source, { fetch })).toBe(expected);
      flush();
      expect(fetch).not.toHaveBeenCalled();
    });
  });

  it('emits no gap that the source fills within graceMs, and counts later values as filled', () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const source = cold('     13-2-6---(45)------|');
      const expected = '        1--(23)-o(45h6)----|';
      const values = { o: 'pending 3-6 0/2', h: 'gap 3-6 2/2' };
      expectObservable(repaired(helpers, source, { fetch: never, graceMs: 3 })).toBe(expected, {
        ...Object.fromEntries(['1', '2', '3', '4', '5', '6'].map((id) => [id, id])),
        ...values,
      });
    });
  });

  it('fetches again, from the end of the last answer, until nothing is missing', () => {
    const asked: string[] = [];
    const pages = [
      ['3', '9'],
      ['5', '4'],
    ];
    const fetch: Options['fetch'] = ({ before, after }, attempt) => {
      asked.push(`${before.id}-${after} ${attempt}`);
      return of(pages[attempt] ?? []);
    };
    expect(timeline('12-6---7|', { fetch })).toEqual([
      '0 1',
      '1 2',
      '3 pending 2-6 0/3',
      '3 3',
      '3 4',
      '3 5',
      '3 gap 2-6 3/3',
      '3 6',
      '7 7',
      '8 complete',
    ]);
    expect(asked).toEqual(['2-6 0', '3-6 1']);
  });

  it('waits longer after each empty answer, and gives up the gap after holdMs', () => {
    const asked: number[] = [];
    const result = timelineOf((helpers) => {
      const fetch = () => {
        asked.push(helpers.scheduler.now());
        return of([]);
      };
      return repaired(helpers, helpers.cold('13 1s 4|'), { fetch, holdMs: 1000 });
    });
    expect(result).toEqual(['0 1', '1 pending 1-3 0/1', '1001 gap 1-3 0/1', '1001 3', '1002 4', '1003 complete']);
    expect(asked).toEqual([1, 201, 601]);
  });

  it('holds at most maxHeld values', () => {
    expect(timeline('13456|', { fetch: never, maxHeld: 2 })).toEqual([
      '0 1',
      '1 pending 1-3 0/1',
      '3 gap 1-3 0/1',
      '3 3',
      '3 4',
      '3 5',
      '4 6',
      '5 complete',
    ]);
  });

  it('holds only series with a gap, and fetches for one series after another', () => {
    marbles(({ cold, expectObservable, scheduler }) => {
      const values = { a: 'A1', b: 'A3', c: 'B1', d: 'B3', e: 'C1', f: 'C2' };
      const source = cold('     abcdef-----|', values);
      const expected = '        aocpef 5ms (xhb) 5ms (yid|)';
      const result = source.pipe(
        repairGaps({
          key: (value) => value.slice(0, 1),
          first: (value) => Number(value.slice(1)),
          timestamp: () => 0,
          fetch: ({ key }) => timer(10, scheduler).pipe(map(() => [`${key}2`])),
          scheduler,
        }),
        map((event) => `${event.key} ${textOf(event)}`),
      );
      expectObservable(result).toBe(expected, {
        a: 'A A1',
        o: 'A pending 1-A3 0/1',
        c: 'B B1',
        p: 'B pending 1-B3 0/1',
        e: 'C C1',
        f: 'C C2',
        x: 'A A2',
        h: 'A gap 1-A3 1/1',
        b: 'A A3',
        y: 'B B2',
        i: 'B gap 1-B3 1/1',
        d: 'B B3',
      });
    });
  });

  it('cancels a request when its gap is filled or given up, and starts the next one', () => {
    const left: string[] = [];
    const result = timelineOf(({ cold, scheduler }) => {
      const values = { a: 'A1', b: 'A3', c: 'B1', d: 'B3', e: 'B2', f: 'C1', g: 'C3', h: 'C4' };
      return cold('abcd 6ms e 9ms fg 200ms h|', values).pipe(
        repairGaps({
          key: (value) => value.slice(0, 1),
          first: (value) => Number(value.slice(1)),
          timestamp: () => 0,
          holdMs: 8,
          fetch: ({ key }) =>
            key === 'C' ? of(['C2']) : NEVER.pipe(finalize(() => left.push(`${scheduler.now()} ${key}`))),
          scheduler,
        }),
        map(textOf),
      );
    });
    expect(left).toEqual(['9 A', '10 B']);
    expect(result.filter((text) => text.includes('gap'))).toEqual([
      '9 gap 1-A3 0/1',
      '10 gap 1-B3 1/1',
      '21 gap 1-C3 1/1',
    ]);
  });

  it('retries a failed fetch after the delay that the error asks for', () => {
    const answers = [throwError(() => ({ retry: { kind: 'after', afterMs: 500 } })), of(['2'])];
    expect(timeline('13|', { fetch: (_missing, attempt) => answers[attempt] ?? EMPTY })).toEqual([
      '0 1',
      '1 pending 1-3 0/1',
      '501 2',
      '501 gap 1-3 1/1',
      '501 3',
      '501 complete',
    ]);
  });

  it('gives up the gap when the error of fetch says never to retry', () => {
    const fetch = () => throwError(() => ({ retry: { kind: 'never' } }));
    expect(timeline('13-4|', { fetch })).toEqual([
      '0 1',
      '1 pending 1-3 0/1',
      '1 gap 1-3 0/1',
      '1 3',
      '3 4',
      '4 complete',
    ]);
  });

  it('emits the waiting values before the error of the source', () => {
    marbles((helpers) => {
      const { cold, expectObservable, expectSubscriptions } = helpers;
      const source = cold('     13-#');
      const answer = cold<string[]>('      --');
      const asked = '           -^-!';
      const expected = '        1o-(h3#)';
      const values = { 1: '1', 3: '3', o: 'pending 1-3 0/1', h: 'gap 1-3 0/1' };
      expectObservable(repaired(helpers, source, { fetch: () => answer })).toBe(expected, values);
      expectSubscriptions(answer.subscriptions).toBe(asked);
    });
  });

  it('delays completion until no value waits', () => {
    marbles((helpers) => {
      const { cold, expectObservable } = helpers;
      const source = cold('     13|');
      const answer = '           ----(f|)';
      const expected = '        1o---(2h3|)';
      const values = { 1: '1', 2: '2', 3: '3', o: 'pending 1-3 0/1', h: 'gap 1-3 1/1' };
      const fetch = () => cold<string[]>(answer.trim(), { f: ['2'] });
      expectObservable(repaired(helpers, source, { fetch })).toBe(expected, values);
    });
  });

  it('unsubscribes from the source and the request when the result is unsubscribed', () => {
    marbles((helpers) => {
      const { cold, expectObservable, expectSubscriptions } = helpers;
      const source = cold('     13-----');
      const answer = cold<string[]>('      ------');
      const sub = '             ^---!';
      const asked = '           -^--!';
      const unsub = '           ----!';
      const expected = '        1o---';
      expectObservable(repaired(helpers, source, { fetch: () => answer }), unsub).toBe(expected, {
        1: '1',
        o: 'pending 1-3 0/1',
      });
      expectSubscriptions(source.subscriptions).toBe(sub);
      expectSubscriptions(answer.subscriptions).toBe(asked);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let left = 0;
    let read = 0;
    const burst$ = defer(() => from(['1', '2', '3', '4'])).pipe(
      map((value) => {
        read++;
        return value;
      }),
      finalize(() => left++),
    );
    const out: string[] = [];
    burst$.pipe(repairGaps({ ...access, fetch: never }), take(2), map(textOf)).subscribe((value) => out.push(value));
    expect({ out, left, read }).toEqual({ out: ['1', '2'], left: 1, read: 2 });
  });

  it.each(['key', 'first', 'last', 'timestamp', 'fetch'])('fails with the error that %s throws', (name) => {
    marbles((helpers) => {
      const { cold, expectObservable, expectSubscriptions } = helpers;
      const source = cold('     13-4');
      const thrower = () => {
        throw 'error';
      };
      const options = { fetch: never, key: () => '', [name]: thrower };
      const expected = name === 'fetch' ? '1(o#)' : '#';
      const result = repaired(helpers, source, options);
      expectObservable(result).toBe(expected, { 1: '1', o: 'pending 1-3 0/1' });
      expectSubscriptions(source.subscriptions).toBe(name === 'fetch' ? '^!' : '(^!)');
    });
  });

  it('fails with the error that a callback throws for a fetched value', () => {
    const first = (value: string) => {
      if (value === 'x') throw new Error('no id');
      return Number(value);
    };
    expect(timeline('13-4|', { first, fetch: () => of(['x', 'x']) })).toEqual([
      '0 1',
      '1 pending 1-3 0/1',
      '1 Error: no id',
    ]);
  });

  it('emits a reset when ids restart, and fetches nothing', () => {
    const fetch = vi.fn(never);
    const at = (value: string) => Number(value.split('@')[1]);
    const out: string[] = [];
    from(['900@1', '3@2', '901@1', '4@3'])
      .pipe(repairGaps({ first: (value) => Number.parseInt(value, 10), timestamp: at, fetch }), map(textOf))
      .subscribe((text) => out.push(text));
    expect(out).toEqual(['900@1', 'reset 900 to 3@2', '3@2', '4@3']);
    expect(fetch).not.toHaveBeenCalled();
  });

  it('treats a value that stands for several ids as all of these ids', () => {
    const [first, last] = [0, 1].map((at) => (value: string) => Number(value.split('-').at(at)));
    const out: string[] = [];
    from(['1-3', '4-4', '9-9'])
      .pipe(
        repairGaps({
          first: first as (value: string) => number,
          last: last as (value: string) => number,
          timestamp: () => 0,
          fetch: () => of(['3-5', '5-7', '8-9', '8-8']),
        }),
        map(textOf),
      )
      .subscribe((text) => out.push(text));
    expect(out).toEqual(['1-3', '4-4', 'pending 4-9-9 0/4', '5-7', '8-8', 'gap 4-9-9 4/4', '9-9']);
  });

  it('fetches the values that were missed during a reconnect', () => {
    const lines = ['12#', '6|'];
    const result = timelineOf((helpers) => {
      const line$ = defer(() => helpers.cold(lines.shift() ?? '|'));
      const retry = {
        initialDelayMs: 4,
        maxDelayMs: 4,
        isData: () => true,
        random: () => 1,
        scheduler: helpers.scheduler,
      };
      const fetch: Options['fetch'] = ({ before, after }) =>
        of(['3', '4', '5'].filter((id) => id > before.id && id < after));
      return repaired(helpers, line$.pipe(retryBackoff(retry)), { fetch });
    });
    expect(result).toEqual([
      '0 1',
      '1 2',
      '6 pending 2-6 0/3',
      '6 3',
      '6 4',
      '6 5',
      '6 gap 2-6 3/3',
      '6 6',
      '7 complete',
    ]);
  });

  it('emits the first arrival of several lines and, without fetch, waits graceMs for a gap to fill', () => {
    // Lower-case letters arrive on line 1, capital letters on line 2.
    expect(byLines('a1 A2 c3 B4 d5 f6', { graceMs: () => 5 })).toEqual([
      '1 a',
      '4 b',
      '4 c',
      '5 d',
      '11 gap d-f 0/1',
      '11 f',
    ]);
  });

  it('emits the waiting values that an event of changes$ releases', () => {
    const release = { at: 5, change: { key: '', change: (sequence: IdSequence<string>) => sequence.release() } };
    expect(byLines('a1 c3 d6', { graceMs: 100 }, [release])).toEqual(['1 a', '5 gap a-c 0/1', '5 c', '6 d']);
  });

  it('calls onPossibleGap when a possible gap begins, and after the value that ends it', () => {
    const reported: string[] = [];
    const onPossibleGap = (_: string, gap: PossibleGap | undefined) => reported.push(gap?.before.id ?? 'none');
    expect(byLines('a1 c3 B4', { graceMs: 100, onPossibleGap }, [], reported)).toEqual(['1 a', '4 b', '4 c']);
    expect(reported).toEqual(['a', '1', 'b', 'c', 'none']);
  });

  it('keeps separate state for each subscription', () => {
    const result$ = from(['1', '2']).pipe(repairGaps({ ...access, fetch: never }), map(textOf));
    const out: string[] = [];
    result$.subscribe((text) => out.push(text));
    result$.subscribe((text) => out.push(text));
    expect(out).toEqual(['1', '2', '1', '2']);
  });

  it('repairs every gap in three days of a value a second, without a timer for each value', () => {
    const DAYS = 3 * 86_400;
    const counts = { value: 0, pending: 0, gap: 0, reset: 0 };
    let schedules = 0;
    let last = -1;
    marbles(({ scheduler }) => {
      const counting: SchedulerCount = {
        now: () => scheduler.now(),
        schedule: (...args) => {
          schedules++;
          return Reflect.apply(scheduler.schedule, scheduler, args);
        },
      };
      interval(1000, scheduler)
        .pipe(
          take(DAYS),
          mergeMap((id) => (id % 1000 > 996 ? EMPTY : of(id))),
          repairGaps<number>({
            first: (id) => id,
            timestamp: (id) => id,
            graceMs: 500,
            fetch: ({ before, after }) => {
              const from = Number(before.id) + 1;
              return of(Array.from({ length: after - from }, (_, at) => from + at)).pipe(delay(300, scheduler));
            },
            scheduler: counting,
          }),
        )
        .subscribe((event) => {
          counts[event.kind]++;
          if (event.kind === 'value') {
            if (event.value !== last + 1) throw new Error(`${event.value} after ${last}`);
            last = event.value;
          }
        });
    });
    const losses = Math.floor((DAYS - 1) / 1000);
    expect(counts).toEqual({ value: losses * 1000 + (DAYS - losses * 1000), pending: losses, gap: losses, reset: 0 });
    expect(schedules).toBeLessThan(4 * losses);
  });

  it('emits each id once and in order, or includes it in one gap, for random losses, orders and answers', () => {
    const numRuns = runs(10_000);
    let filled = 0;
    let missing = 0;
    fc.assert(
      fc.property(cases, (one) => {
        const { problems, ...sums } = judge(one);
        expect(problems).toEqual([]);
        filled += sums.filled;
        missing += sums.missing;
      }),
      { numRuns },
    );
    expect(filled).toBeGreaterThan(numRuns);
    expect(missing).toBeGreaterThan(numRuns / 10);
  }, 60_000);
});

type SchedulerCount = NonNullable<RepairGapsOptions<number>['scheduler']>;

/** Lists the emissions of a result with their times, to its end. */
function timelineOf(make: (helpers: MarbleHelpers) => Observable<string>): string[] {
  const out: string[] = [];
  marbles((helpers) => {
    const { scheduler, flush } = helpers;
    const note = (text: string) => out.push(`${scheduler.now()} ${text}`);
    make(helpers).subscribe({ next: note, error: (error) => note(`${error}`), complete: () => note('complete') });
    flush();
  });
  return out;
}

function timeline(source: string, options: Options): string[] {
  return timelineOf((helpers) => repaired(helpers, helpers.cold(source), options));
}

interface Case {
  /**
   * For each id, what the source does with it. `late`: milliseconds by which it is late. `again`: milliseconds until
   * the source repeats it; null: never.
   */
  readonly deliveries: readonly { readonly lost: boolean; readonly late: number; readonly again: number | null }[];
  readonly graceMs: number;
  /** The answers of fetch, in turn. */
  readonly answers: readonly ('all' | 'one' | 'none' | 'more' | 'error')[];
  readonly answerMs: number;
  /** True: after these answers, fetch returns everything. */
  readonly reliable: boolean;
}

const cases: fc.Arbitrary<Case> = fc.record({
  deliveries: fc.array(
    fc.record({
      lost: fc.constantFrom(true, false, false, false),
      late: fc.constantFrom(0, 0, 0, 3, 7, 15, 40),
      again: fc.constantFrom(null, null, 2, 30),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  graceMs: fc.constantFrom(0, 5, 20),
  answers: fc.array(fc.constantFrom('all', 'one', 'none', 'more', 'error'), { minLength: 1, maxLength: 5 }),
  answerMs: fc.constantFrom(0, 1, 9),
  reliable: fc.boolean(),
});

const FIRST = 100;

/** Runs a case in virtual time, with one id every 5 ms, and compares the result with the ids that were made. */
function judge({ deliveries, graceMs, answers, answerMs, reliable }: Case) {
  const scheduler = new VirtualTimeScheduler();
  const arrivals = deliveries
    .flatMap(({ lost, late, again }, at) => {
      if (lost) return [];
      const due = at * 5 + late;
      return again === null
        ? [{ id: FIRST + at, due }]
        : [
            { id: FIRST + at, due },
            { id: FIRST + at, due: due + again },
          ];
    })
    .sort((a, b) => a.due - b.due);
  const made = FIRST + deliveries.length;
  const out: number[] = [];
  const gaps: { from: number; to: number; missing: number; filled: number }[] = [];
  const pending = new Set<string>();
  const problems: string[] = [];
  let asked = 0;
  from(arrivals)
    .pipe(
      mergeMap(({ id, due }) => timer(due, scheduler).pipe(map(() => id))),
      repairGaps<number>({
        first: (id) => id,
        timestamp: () => 0,
        graceMs,
        holdMs: reliable ? 60_000 : 300,
        fetch: ({ before, after }) => {
          const from = Number(before.id) + 1;
          const all = Array.from({ length: after - from }, (_, at) => from + at);
          const answer = reliable && asked >= answers.length ? 'all' : answers[asked++ % answers.length];
          if (answer === 'error') return throwError(() => new Error('refused'));
          if (answer === 'none') return of([]);
          const more = Array.from({ length: 60 }, (_, at) => FIRST - 10 + at).filter((id) => id < made);
          const values = answer === 'all' ? all : answer === 'one' ? all.slice(-1) : more.reverse();
          return of(values).pipe(delay(answerMs, scheduler));
        },
        scheduler,
      }),
    )
    .subscribe({
      next: (event) => {
        if (event.kind === 'value') out.push(event.value);
        if (event.kind === 'reset') problems.push('reset');
        if (event.kind === 'pending') pending.add(`${event.gap.before.id}-${event.gap.after}`);
        if (event.kind !== 'gap') return;
        const { before, after, missing: ids, filled: had } = event.gap;
        pending.delete(`${before.id}-${after}`);
        gaps.push({ from: Number(before.id), to: after, missing: ids ?? -1, filled: had });
        if (out.at(-1) !== undefined && (out.at(-1) as number) >= after) problems.push(`${after} was before its gap`);
      },
      complete: () => out.push(Number.NaN),
    });
  scheduler.flush();
  if (!Number.isNaN(out.pop() as number)) problems.push('does not complete');
  const has = new Set(out);
  const first = arrivals[0]?.id ?? made;
  const last = Math.max(first, ...arrivals.map(({ id }) => id));
  if (has.size !== out.length) problems.push('a value twice');
  if (out.some((id, at) => id <= (out[at - 1] ?? 0))) problems.push('out of order');
  if (pending.size > 0) problems.push(`${[...pending]} without an outcome`);
  if (reliable && out.length !== (arrivals.length === 0 ? 0 : last - first + 1)) problems.push('something is missing');
  for (const { from: before, to, missing: ids, filled: had } of gaps) {
    const inside = out.filter((id) => id > before && id < to).length;
    if (ids !== to - before - 1 || had !== inside) problems.push(`gap ${before}-${to}: ${had}/${ids}, has ${inside}`);
    if (!has.has(before) || !has.has(to)) problems.push(`gap ${before}-${to} does not lie between values`);
  }
  for (let id = first; arrivals.length > 0 && id <= last; id++) {
    const named = gaps.filter(({ from: before, to }) => id > before && id < to).length;
    if (!has.has(id) && named !== 1) problems.push(`${id} is in ${named} gaps`);
  }
  const sum = (of: 'missing' | 'filled') => gaps.reduce((total, gap) => total + gap[of], 0);
  return { problems, filled: sum('filled'), missing: sum('missing') - sum('filled') };
}
