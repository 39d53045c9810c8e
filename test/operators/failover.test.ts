import { concat, filter, map, merge, NEVER, Observable, of, Subject, subscribeOn, take, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import type { FailoverEvent, SourceEvent } from '../../src/operators/failover/failover-events.ts';
import type { FailoverOptions } from '../../src/operators/failover/failover-options.ts';
import { failover } from '../../src/operators/failover.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';
import { picture } from './pictures/failover.ts';

/*
 * Source marbles: C connected, D disconnected, X disconnected and blocked, S stale, R recovered.
 * N does not serve btc, Y serves btc. L is a late value of btc; lower-case letters and digits are its other values.
 * E and F are values of eth. A value's time is its frame. `textOf` writes the results.
 */
type Source = SourceEvent<string>;

const control: Record<string, Source> = {
  C: { kind: 'connected' },
  D: { kind: 'disconnected', blocked: false },
  X: { kind: 'disconnected', blocked: true },
  S: { kind: 'stale' },
  R: { kind: 'recovered' },
  N: { kind: 'serves', key: 'btc', serves: false },
  Y: { kind: 'serves', key: 'btc', serves: true },
  L: { kind: 'value', key: 'btc', at: 0, value: 'late', late: true },
};

function textOf(event: FailoverEvent<string>): string {
  if (event.kind === 'epoch') return `${event.key} epoch ${event.epoch} of ${event.source}`;
  if (event.kind === 'switched')
    return `${event.from ?? '-'}>${event.to} ${event.reason}${event.key === null ? '' : ` ${event.key}`}${event.back ? ' back' : ''}`;
  return `${event.key}@${event.epoch} ${event.value}${event.held ? ' held' : ''}`;
}

interface Run {
  readonly lines: readonly string[];
  readonly subscriptions: readonly string[];
}

/** Two sources that both serve. Failover starts with the second one (`startWith`). */
const bothServe = ['a', 'b'].map((id) => {
  const value: Source = { kind: 'value', key: 'btc', at: 0, value: id };
  return { id, events$: concat(of<Source[]>({ kind: 'connected' }, value), NEVER) };
});
const long = {
  graceMs: 5,
  failBackAfterMs: 86_400_000,
  connectTimeoutMs: 50,

  startWith: 'b',
  ringSpan: 100,
} as const;

/** Runs sources of marbles and lists the emissions as `TIME text`. */
function run(
  marbles: Record<string, string>,
  options: Partial<FailoverOptions<string>> = {},
  unsubscribeAt?: number,
): Run {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const lines: string[] = [];
  const subscriptions: string[] = [];
  scheduler.run(({ cold, flush }) => {
    const sources = Object.entries(marbles).map(([id, text]) => ({
      id,
      events$: new Observable<Source>((subscriber) => {
        subscriptions.push(`${scheduler.now()} +${id}`);
        const letters = [...new Set(text.replace(/\s|\d+(?:ms|s|m)\b|[-|#()]/g, ''))];
        const marks = Object.fromEntries(letters.map((letter) => [letter, letter]));
        subscriber.add(
          cold(text, marks).subscribe({
            next: (letter) =>
              subscriber.next(
                control[letter] ?? {
                  kind: 'value',
                  key: letter === 'E' || letter === 'F' ? 'eth' : 'btc',
                  at: scheduler.now(),
                  value: letter,
                },
              ),
            error: (error: unknown) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        );
        subscriber.add(() => subscriptions.push(`${scheduler.now()} -${id}`));
      }),
    }));
    const subscription = failover(sources, {
      graceMs: 5,
      failBackAfterMs: 20,
      connectTimeoutMs: 50,

      ringSpan: 100,
      scheduler,
      ...options,
    }).subscribe({
      next: (event) => lines.push(`${scheduler.now()} ${textOf(event)}`),
      error: (error: unknown) =>
        lines.push(`${scheduler.now()} error ${error instanceof Error ? error.message : error}`),
      complete: () => lines.push(`${scheduler.now()} complete`),
    });
    if (unsubscribeAt !== undefined) scheduler.schedule(() => subscription.unsubscribe(), unsubscribeAt);
    flush();
  });
  return { lines, subscriptions };
}

describe('failover', () => {
  it('emits nothing for sources without events', () => {
    expect(run({ a: '-', b: '-' }).lines).toEqual([]);
  });

  it('completes when all sources have completed', () => {
    expect(run({ a: '--|', b: '----|' }).lines).toEqual(['4 complete']);
  });

  it('serves the preferred source in epoch 1 and does not emit the standby’s values', () => {
    //                              0123456
    expect(run({ a: 'C-1-2-', b: 'C-x-y-' }).lines).toEqual([
      '2 ->a first',
      '2 btc epoch 1 of a',
      '2 btc@1 1',
      '4 btc@1 2',
    ]);
  });

  it('matches the marble diagram of its doc comment, without epoch events', () => {
    expectPicture(picture, (inputs, { scheduler }) => {
      const sources = inputs.map((letter$, index) => ({
        id: 'ab'.charAt(index),
        events$: letter$.pipe(
          map((letter): Source => control[letter] ?? { kind: 'value', key: 'btc', at: scheduler.now(), value: letter }),
        ),
      }));
      const timing = { graceMs: 5, failBackAfterMs: 4, connectTimeoutMs: 50 };
      return failover(sources, { ...timing, ringSpan: 100, scheduler }).pipe(
        filter((event) => event.kind !== 'epoch'),
        map((event) => (event.kind === 'value' ? event.value : event.back ? 'B' : event.from === null ? 'F' : 'S')),
      );
    });
  });

  it('switches at once when the source is blocked, and emits the standby’s values since the last data', () => {
    //                           01234567
    expect(run({ a: 'C1--X---', b: 'Cx-y-z--' }).lines.slice(3)).toEqual([
      '4 a>b blocked',
      '4 btc epoch 2 of b',
      '4 btc@2 y held',
      '5 btc@2 z',
    ]);
  });

  it('switches when the source has been without a connection for graceMs, not earlier', () => {
    //                  0123456789
    expect(run({ a: 'C1-D------', b: 'Cx-------y' }).lines.slice(3)).toEqual([
      '8 a>b disconnected',
      '9 btc epoch 2 of b',
      '9 btc@2 y',
    ]);
    expect(run({ a: 'C1-D--C2--', b: 'Cx-------y' }).lines.slice(3)).toEqual(['7 btc@1 2']);
  });

  it('does not restart graceMs when a new connection ends before its first data', () => {
    expect(run({ a: 'C1-D-C-D-C-D', b: 'Cx----------y' }).lines.slice(3)).toEqual([
      '8 a>b disconnected',
      '12 btc epoch 2 of b',
      '12 btc@2 y',
    ]);
  });

  it('switches when the source is stale, and skips a stale standby', () => {
    //                  0123456789
    expect(run({ a: 'C1---S----', b: 'Cx-S------', c: 'Cv-----w--' }).lines.slice(3)).toEqual([
      '5 a>c stale',
      '7 btc epoch 2 of c',
      '7 btc@2 w',
    ]);
  });

  it('keeps the active source while no source is healthy, and switches to the first one that is', () => {
    //                  0123456789
    expect(run({ a: 'C1-X------', b: 'CxX---Cy--' }).lines.slice(3)).toEqual([
      '7 a>b blocked',
      '7 btc epoch 2 of b',
      '7 btc@2 y',
    ]);
  });

  it('fails back after the preferred source has been healthy for failBackAfterMs', () => {
    // a delivers again at 7, so failBackAfterMs is over at 27. a serves again with its next value, at 28. b had no data
    // since 3, so the values that a received after 3 come first.
    const { lines } = run({ a: 'C1-X--C2 18ms 3-4', b: 'Cx-y 25ms z-w' });
    expect(lines.slice(3)).toEqual([
      '3 a>b blocked',
      '3 btc epoch 2 of b',
      '3 btc@2 y',
      '28 b>a preferred_again back',
      '28 btc epoch 3 of a',
      '28 btc@3 2 held',
      '28 btc@3 3 held',
      '28 btc@3 4',
    ]);
  });

  it('fails back with the next data of the preferred source, not while it is silent', () => {
    // a is healthy from 7 on, so failBackAfterMs is over at 27. a is silent then, but has not reported a failure yet.
    const backs = (a: string) =>
      run({ a, b: 'Cx-y 25ms z-w 50ms v' }).lines.filter((line) => line.includes('back') || line.endsWith('3'));
    expect(backs('C1-X--C2 30ms 3-4')).toEqual(['38 b>a preferred_again back', '38 btc@3 3']);
    // Then a reports that it is stale or disconnected.
    expect(backs('C1-X--C2 30ms S-')).toEqual([]);
    expect(backs('C1-X--C2 30ms D-')).toEqual([]);
    // Late data does not show that a is healthy now.
    expect(backs('C1-X--C2 30ms L-')).toEqual([]);
  });

  it('fails back only to the first source that has been healthy for long enough, even if another one delivers', () => {
    const { lines } = run({ a: 'C1 40ms 2', b: 'Cx 30ms y 20ms z', c: 'Cp 30ms q-r-s-t-u' }, { startWith: 'c' });
    expect(lines.filter((line) => line.includes('>'))).toEqual(['1 ->c first', '42 c>a preferred_again back']);
  });

  it('restarts failBackAfterMs when the preferred source fails again', () => {
    const { lines } = run({ a: 'C1-X--C2 5ms D--C3 15ms 4 10ms 5', b: 'Cx-y 40ms z' });
    expect(lines.find((line) => line.includes('back'))).toBe('44 b>a preferred_again back');
  });

  it('does not count late values as data, neither for the health of a source nor for where held values begin', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    const lines: string[] = [];
    const late = (value: string, at: number): Source => ({ kind: 'value', key: 'btc', at, value, late: true });
    scheduler.run(({ cold, flush }) => {
      const data = (text: string, lates: Record<string, Source> = {}) =>
        cold(text).pipe(
          map(
            (letter): Source =>
              lates[letter] ?? control[letter] ?? { kind: 'value', key: 'btc', at: scheduler.now(), value: letter },
          ),
        );
      failover(
        [
          // `l` and `m` are late, so they do not count as data. The last data of a is at 4, so b's values after 4 are
          // held values. a does not recover.
          { id: 'a', events$: data('C-a-b-------lS-m------------------------', { l: late('l', 2), m: late('m', 3) }) },
          { id: 'b', events$: data('C--u---v---w---------x----------------y-') },
        ],
        { graceMs: 5, failBackAfterMs: 20, connectTimeoutMs: 50, ringSpan: 100, scheduler },
      ).subscribe((event) => lines.push(`${scheduler.now()} ${textOf(event)}`));
      flush();
    });
    expect(lines).toEqual([
      '2 ->a first',
      '2 btc epoch 1 of a',
      '2 btc@1 a',
      '4 btc@1 b',
      '12 btc@1 l',
      '13 a>b stale',
      '13 btc epoch 2 of b',
      '13 btc@2 v held',
      '13 btc@2 w held',
      '21 btc@2 x',
      '38 btc@2 y',
    ]);
  });

  it('emits no value of an epoch after a later epoch of the same key', () => {
    const { lines } = run({ a: 'C1E2X--C3F4 30ms 5E', b: 'CxEyFzEwF 30ms vEuF' }, { failBackAfterMs: 3 });
    const epochs = new Map<string, number>();
    for (const line of lines) {
      const match = / (btc|eth)@(\d+) /.exec(line);
      if (match === null) continue;
      expect(Number(match[2])).toBeGreaterThanOrEqual(epochs.get(match[1] as string) ?? 0);
      epochs.set(match[1] as string, Number(match[2]));
    }
    expect(epochs.get('btc')).toBeGreaterThan(1);
  });

  it('waits at the start for the preferred source until its connection attempt fails or times out', () => {
    //                  0123456789
    expect(run({ a: '--D-------', b: 'Cx------y-' }).lines).toEqual(['7 ->b first', '8 btc epoch 1 of b', '8 btc@1 y']);
    expect(run({ a: '-X--------', b: 'Cx------y-' }).lines).toEqual([
      '1 ->b first',
      '1 btc epoch 1 of b',
      '1 btc@1 x',
      '8 btc@1 y',
    ]);
    expect(run({ a: '100ms -', b: 'Cx 60ms y' }).lines[0]).toBe('55 ->b first');
  });

  it('ignores stale at the start until the preferred source’s attempt fails or connectTimeoutMs passes', () => {
    expect(run({ a: '--S 30ms C1', b: 'Cx 58ms y' }).lines).toEqual([
      '34 ->a first',
      '34 btc epoch 1 of a',
      '34 btc@1 1',
    ]);
    for (const silent of ['--S', 'C-S']) expect(run({ a: silent, b: 'Cx 58ms y' }).lines[0]).toBe('50 ->b first');
    expect(run({ a: '--S 7ms D', b: 'Cx 58ms y' }).lines[0]).toBe('10 ->b first');
  });

  it('starts with the source that startWith names, and later fails back to the preferred source', () => {
    expect(run({ a: 'C1---2---3---4', b: '--Cx-y---z---w' }, { startWith: 'b', failBackAfterMs: 10 }).lines).toEqual([
      '3 ->b first',
      '3 btc epoch 1 of b',
      '3 btc@1 x',
      '5 btc@1 y',
      '9 btc@1 z',
      '13 b>a preferred_again back',
      '13 btc epoch 2 of a',
      '13 btc@2 4',
    ]);
  });

  it('without canResume, emits late values from before the first switch only if startWith names the new source', () => {
    const sources = { a: 'C-L--1' };
    expect(run(sources, { startWith: 'a' }).lines).toEqual([
      '5 ->a first',
      '5 btc epoch 1 of a',
      '5 btc@1 late held',
      '5 btc@1 1',
    ]);
    expect(run(sources).lines).not.toContain('5 btc@1 late held');
  });

  it('calls canResume for a key before it emits the switch to the key’s first source', () => {
    const [a, b] = [new Subject<Source>(), new Subject<Source>()];
    const options = { graceMs: 5, failBackAfterMs: 20, connectTimeoutMs: 7, ringSpan: 100 } as const;
    const sources = [
      { id: 'a', events$: a },
      { id: 'b', events$: b },
    ];
    const scheduler = new TestScheduler(() => undefined);
    const values: string[] = [];
    let begun = false;
    const canResume = (_: string, source: string) => source === 'b' && !begun;
    failover(sources, { ...options, startWith: 'a', canResume, scheduler }).subscribe((event) => {
      if (event.kind === 'switched') begun = true;
      if (event.kind === 'value') values.push(event.value);
    });
    b.next({ kind: 'connected' });
    b.next({ kind: 'value', key: 'btc', at: 1, value: 'x' });
    a.next({ kind: 'disconnected', blocked: true });
    expect(values).toEqual(['x']);
  });

  it('drops values that the old source emits during a switch, and emits the new source’s in order', () => {
    const [a, b] = [new Subject<Source>(), new Subject<Source>()];
    const options = { graceMs: 5, failBackAfterMs: 20, connectTimeoutMs: 7, ringSpan: 100 } as const;
    const sources = [
      { id: 'a', events$: a },
      { id: 'b', events$: b },
    ];
    const lines: string[] = [];
    const say = (source: Subject<Source>, at: number, value: string, late: { late?: true } = {}) => {
      source.next({ kind: 'value', key: 'btc', at, value, ...late });
    };
    failover(sources, { ...options, scheduler: new TestScheduler(() => undefined) }).subscribe((event) => {
      lines.push(textOf(event));
      if (event.kind !== 'switched' || event.from !== 'a') return;
      say(a, 3, '3', { late: true });
      say(b, 3, 'y', { late: true });
    });
    for (const source of [a, b]) source.next({ kind: 'connected' });
    say(a, 1, '1');
    say(b, 2, 'x');
    a.next({ kind: 'disconnected', blocked: true });
    say(b, 4, 'z');
    expect(lines.slice(3)).toEqual(['a>b blocked', 'btc epoch 2 of b', 'btc@2 x held', 'btc@2 y held', 'btc@2 z']);
  });

  it('emits a value that arrives during a switch for a key whose source does not change', () => {
    const [a, b, c] = [new Subject<Source>(), new Subject<Source>(), new Subject<Source>()];
    const options = { graceMs: 5, failBackAfterMs: 20, connectTimeoutMs: 7, ringSpan: 100 } as const;
    const sources = Object.entries({ a, b, c }).map(([id, events$]) => ({ id, events$ }));
    const lines: string[] = [];
    const say = (source: Subject<Source>, key: string, at: number, value: string) => {
      source.next({ kind: 'value', key, at, value });
    };
    failover(sources, { ...options, scheduler: new TestScheduler(() => undefined) }).subscribe((event) => {
      lines.push(textOf(event));
      if (event.kind === 'switched' && event.from === 'a' && event.key === null) say(c, 'eth', 3, 'E');
    });
    for (const source of [a, b, c]) source.next({ kind: 'connected' });
    for (const source of [a, b]) source.next({ kind: 'serves', key: 'eth', serves: false });
    for (const source of [a, b]) say(source, 'btc', 1, '1');
    say(c, 'eth', 2, 'D');
    a.next({ kind: 'disconnected', blocked: true });
    expect(lines.slice(3)).toEqual(['eth epoch 1 of c', 'eth@1 D', 'a>b blocked', 'eth@1 E']);
  });

  it('emits all kept values of a key as held if canResume is true for the key’s first source, whichever source is active', () => {
    const canResume = (key: string, source: string) => key === 'btc' && source === 'b';
    const given = (sources: Record<string, string>) =>
      run(sources, { canResume }).lines.filter((text) => text.includes('btc@'));
    // In turn: the active source lacks the key before it becomes active, lacks it later, or cannot serve at all.
    expect(given({ a: '---N-CE----', b: 'CL-x------y' })).toEqual([
      '6 btc@1 late held',
      '6 btc@1 x held',
      '10 btc@1 y',
    ]);
    expect(given({ a: '-----CE-N--', b: 'CL-x------y' })).toEqual([
      '8 btc@1 late held',
      '8 btc@1 x held',
      '10 btc@1 y',
    ]);
    expect(given({ a: '-----X-----', b: 'CL-x------y' })).toEqual([
      '5 btc@1 late held',
      '5 btc@1 x held',
      '10 btc@1 y',
    ]);
    expect(run({ a: '---N-CE----', b: 'CL-x------y' }).lines.filter((text) => text.includes('btc@'))).toEqual([
      '10 btc@1 y',
    ]);
    // Once another source has served the key, canResume does not count.
    expect(given({ a: 'CE-1-N-----', b: 'CL--x-----y' })).toEqual(['3 btc@1 1', '5 btc@2 x held', '10 btc@2 y']);
  });

  it('calls onLapsed for a key with canResume once one of its kept values is older than ringSpan', () => {
    const lapsed: string[] = [];
    const canResume = (key: string, source: string) => key === 'btc' && source === 'b' && lapsed.length === 0;
    const onLapsed = (key: string, source: string) => lapsed.push(`${key} at ${source}`);
    const given = (b: string) => {
      lapsed.length = 0;
      return run({ a: 'C---E-----X', b }, { canResume, onLapsed, ringSpan: 3 }).lines.filter((text) =>
        text.includes('btc@'),
      );
    };
    expect(given('C1-2-3-----')).toEqual(['10 btc@1 1 held', '10 btc@1 2 held', '10 btc@1 3 held']);
    expect(lapsed).toEqual([]);
    expect(given('C1-2-3-4-5-')).toEqual(['10 btc@1 4 held', '10 btc@1 5 held']);
    expect(lapsed).toEqual(['btc at b']);
  });

  it('starts with the first healthy source if startWith fails', () => {
    const a = 'C1---2';
    expect(run({ a, b: '--X---' }, { startWith: 'b' }).lines.slice(0, 2)).toEqual([
      '2 ->a first',
      '5 btc epoch 1 of a',
    ]);
  });

  it('serves a key from the next source while the active one does not have it, then switches it back', () => {
    //                  012345678901
    const { lines } = run({ a: 'C1E-N--E-Y3-', b: 'CxE--z-F-w--' });
    expect(lines).toEqual([
      '1 ->a first',
      '1 btc epoch 1 of a',
      '1 btc@1 1',
      '2 eth epoch 1 of a',
      '2 eth@1 E',
      '4 a>b not_served btc',
      '5 btc epoch 2 of b',
      '5 btc@2 z',
      '7 eth@1 E',
      '9 b>a preferred_again btc back',
      '10 btc epoch 3 of a',
      '10 btc@3 3',
    ]);
  });

  it('emits no switch event for a key that no source has served yet, unless canResume is true', () => {
    expect(run({ a: 'CE-N---Y--', b: 'CF-----N--' }).lines).toEqual(['1 ->a first', '1 eth epoch 1 of a', '1 eth@1 E']);
    expect(run({ a: '-N-CE-----', b: 'CF-----x--' }).lines).toEqual([
      '4 ->a first',
      '4 eth epoch 1 of a',
      '4 eth@1 E',
      '7 btc epoch 1 of b',
      '7 btc@1 x',
    ]);
    const canResume = (key: string, source: string) => key === 'btc' && source === 'a';
    expect(run({ a: '-N-CE-----', b: 'CF--------' }, { canResume }).lines).toContain('4 a>b not_served btc');
  });

  it('continues a key at another source after the key’s newest value, even if an older value came last', () => {
    const { lines } = run({ a: 'C1-2-LN--', b: 'Cx-yz----' });
    expect(lines.slice(-3)).toEqual(['6 a>b not_served btc', '6 btc epoch 2 of b', '6 btc@2 z held']);
  });

  it('begins a key’s held values where an earlier source stopped serving it if the source in between sent none', () => {
    // First only btc changes its source, then all keys do.
    const keyed = run({ a: 'C1-N2--3---Y-4', b: '----CE---F' }).lines.filter((text) => text.includes('btc'));
    expect(keyed.slice(2)).toEqual([
      '4 btc@1 2',
      '5 a>b not_served btc',
      '11 b>a preferred_again btc back',
      '11 btc epoch 2 of a',
      '11 btc@2 3 held',
      '13 btc@2 4',
    ]);
    const whole = run({ a: 'C1--X---------', b: 'C-E-----X', c: 'C--x--y--z--E' });
    expect(whole.lines.filter((text) => text.includes('btc@'))).toEqual([
      '1 btc@1 1',
      '8 btc@2 x held',
      '8 btc@2 y held',
      '9 btc@2 z',
    ]);
  });

  it('moves a key to a third source when its substitute source becomes stale', () => {
    //                  01234567890
    const { lines } = run({ a: 'CEN--------', b: 'C-x-S------', c: 'C-v---w----' });
    expect(lines.slice(3)).toEqual([
      '2 btc epoch 1 of b',
      '2 btc@1 x',
      '4 b>c not_served btc',
      '6 btc epoch 2 of c',
      '6 btc@2 w',
    ]);
  });

  it('keeps a key at its failed source, in the same epoch, while no other source can serve it', () => {
    //                                012345678901
    const sources = (b: string) => ({ a: 'CEN------Y1-', b });
    const whole = [
      '2 btc epoch 1 of b',
      '2 btc@1 x',
      '8 btc@1 y',
      '9 b>a preferred_again btc back',
      '10 btc epoch 2 of a',
    ];
    expect(run(sources('C-x-D-C-y---')).lines.slice(3, -1)).toEqual(whole);
    expect(run(sources('C-x-S-R-y---')).lines.slice(3, -1)).toEqual(whole);
  });

  it('serves a key that the new source lacks from a third source, without values that were already served', () => {
    const { lines } = run(
      //  0123456789012345678901234
      {
        a: '-X---CNE----5---------S--',
        b: '-C1-2-3-4D---------------',
        c: '-Cp-q-r-s-t-u-v-w-x-yFz--',
      },
      { failBackAfterMs: 4 },
    );
    expect(lines.slice(6)).toEqual([
      '12 b>a preferred_again back',
      '12 b>c not_served btc',
      '12 btc epoch 2 of c',
      '12 btc@2 t held',
      '12 btc@2 u',
      '14 btc@2 v',
      '16 btc@2 w',
      '18 btc@2 x',
      '20 btc@2 y',
      '22 a>c stale',
      '22 eth epoch 1 of c',
      '22 eth@1 F held',
      '22 btc@2 z',
    ]);
  });

  it('keeps a standby’s values for ringSpan and no longer', () => {
    const { lines } = run({ a: 'C1 19ms X', b: 'C 1ms v 9ms x 4ms y 5ms z' }, { ringSpan: 8 });
    expect(lines.filter((line) => line.endsWith('held'))).toEqual(['21 btc@2 x held', '21 btc@2 y held']);
  });

  it('keeps only the values that keepInRing selects', () => {
    const { lines } = run({ a: 'C1--X---', b: 'C-xy-z--' }, { keepInRing: (value) => value !== 'x' });
    expect(lines.slice(3)).toEqual(['4 a>b blocked', '4 btc epoch 2 of b', '4 btc@2 y held', '5 btc@2 z']);
  });

  it('uses the epoch number that nextEpoch returns', () => {
    let epoch = 40;
    expect(run({ a: 'C1' }, { nextEpoch: () => ++epoch }).lines.at(-1)).toBe('1 btc@41 1');
  });

  it('treats a source’s error as its end, and fails with the last error when all sources have ended', () => {
    expect(run({ a: 'C1-#', b: 'Cx--y-z-|' }).lines.slice(3)).toEqual([
      '3 a>b blocked',
      '4 btc epoch 2 of b',
      '4 btc@2 y',
      '6 btc@2 z',
      '8 error error',
    ]);
  });

  it('unsubscribes from every source and emits nothing more when the result is unsubscribed', () => {
    const { lines, subscriptions } = run({ a: 'C1-2-3-4', b: 'Cx-y-z-w' }, {}, 4);
    expect(lines.at(-1)).toBe('3 btc@1 2');
    expect(subscriptions).toEqual(['0 +a', '0 +b', '4 -a', '4 -b']);
  });

  it('fails with the error that nextEpoch throws', () => {
    const failing = () => {
      throw new Error('no number');
    };
    expect(run({ a: 'C1-2', b: '-' }, { nextEpoch: failing }).lines).toEqual(['1 ->a first', '1 error no number']);
  });

  it('switches to the standby and back once for each hour-long block on three days', () => {
    const day = '82800s ';
    const a = `C1 ${day} X ${['2', '3', '4'].map((value) => `3600s C${value} 30s ${value} ${day}`).join(' X ')} -`;
    const b = `Cx ${[1, 2, 3, 4, 5, 6, 7, 8].map(() => '43200s y').join(' ')}`;
    const { lines } = run({ a, b }, { failBackAfterMs: 30_000, ringSpan: 10_000 });
    const switches = lines.filter((line) => line.includes('>'));
    expect(switches.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      '->a first',
      'a>b blocked',
      'b>a preferred_again back',
      'a>b blocked',
      'b>a preferred_again back',
      'a>b blocked',
      'b>a preferred_again back',
    ]);
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ scheduler, expectObservable }) => {
      const values = ['1', '2', '3'].map((value): Source => ({ kind: 'value', key: 'btc', at: 0, value }));
      const events$ = of<Source[]>({ kind: 'connected' }, ...values).pipe(tap(() => pulled++));
      const timing = { graceMs: 5, failBackAfterMs: 20, connectTimeoutMs: 50 };
      const result = failover([{ id: 'a', events$ }], { ...timing, ringSpan: 100, scheduler });
      // The source is first chosen, then the epoch begins, then the source's value 1 comes.
      expectObservable(result.pipe(map(textOf), take(3))).toBe('(fev|)', {
        f: '->a first',
        e: 'btc epoch 1 of a',
        v: 'btc@1 1',
      });
    });
    expect(pulled).toBe(2);
  });

  it('leaves no timer when the subscriber unsubscribes at a switch', () => {
    const scheduler = new SteppedScheduler();
    const lines: string[] = [];
    const later = bothServe.map(({ id, events$ }) => ({ id, events$: events$.pipe(subscribeOn(scheduler, 1)) }));
    failover(later, { ...long, scheduler })
      .pipe(map(textOf), take(1))
      .subscribe((line) => lines.push(line));
    scheduler.advance(1);
    expect(lines).toEqual(['->b first']);
    expect(scheduler.waiting).toBe(0);
  });

  it.each([30 * 86_400_000, Number.POSITIVE_INFINITY])(
    'waits %s ms before it fails back, with timers no longer than Node.js supports',
    (failBackAfterMs) => {
      const later$ = new Subject<Source>();
      const value: Source = { kind: 'value', key: 'btc', at: 1, value: 'a' };
      const sources = bothServe.map(({ id, events$ }) => ({
        id,
        events$: id === 'a' ? merge(events$, later$) : events$,
      }));
      const scheduler = new SteppedScheduler();
      const timers = vi.spyOn(scheduler, 'schedule');
      const lines: string[] = [];
      const result$ = failover(sources, { ...long, failBackAfterMs, scheduler });
      const subscription = result$.pipe(map(textOf)).subscribe((line) => lines.push(line));
      scheduler.advance(30 * 86_400_000 - 1);
      later$.next(value);
      expect(lines.length).toBe(3);
      scheduler.advance(1);
      later$.next(value);
      subscription.unsubscribe();
      expect(timers.mock.calls.filter(([, delay = 0]) => delay >= 2 ** 31)).toEqual([]);
      expect(lines.includes('b>a preferred_again back')).toBe(Number.isFinite(failBackAfterMs));
    },
  );

  it('fails with the error that keepInRing throws', () => {
    const failing = (): never => {
      throw new Error('no ring');
    };
    expect(run({ a: 'C1-2', b: 'C--x' }, { keepInRing: failing }).lines.at(-1)).toBe('3 error no ring');
  });

  it('switches to the standby and back twelve times a day for two weeks, with exact times, epochs and held values', () => {
    const cycleMs = 7_200_000;
    const cycles = Array.from({ length: 14 * 12 - 1 }, (_, index) => index + 1);
    const causes = [
      { letter: 'X', reason: 'blocked', afterMs: 0 },
      { letter: 'D', reason: 'disconnected', afterMs: 5 },
      { letter: 'S', reason: 'stale', afterMs: 0 },
    ] as const;
    const cause = (cycle: number) => causes[cycle % 3] as (typeof causes)[number];
    // `a` fails every two hours. Ten minutes later it delivers 1, ten seconds after that 2, and half a minute after
    // that 3. `b` delivers every twenty minutes.
    const failures = cycles.map((cycle) => `${cause(cycle).letter} 599999ms C1 9999ms 2 29999ms 3 6559998ms`);
    const a = `C1 7199998ms ${failures.join(' ')} -`;
    const b = `C 999ms ${'x 1199999ms '.repeat(14 * 72)}`;

    const { lines, subscriptions } = run({ a, b }, { failBackAfterMs: 30_000, ringSpan: 10_000 }, 14 * 86_400_000 - 1);

    const expected = cycles.flatMap((cycle) => {
      const at = cycle * cycleMs;
      const { reason, afterMs } = cause(cycle);
      const [there, back] = [2 * cycle, 2 * cycle + 1];
      return [
        `${at + afterMs} a>b ${reason}`,
        `${at + afterMs} btc epoch ${there} of b`,
        `${at + afterMs} btc@${there} x held`,
        `${at + 1000} btc@${there} x`,
        `${at + 640_001} b>a preferred_again back`,
        `${at + 640_001} btc epoch ${back} of a`,
        `${at + 640_001} btc@${back} 1 held`,
        `${at + 640_001} btc@${back} 2 held`,
        `${at + 640_001} btc@${back} 3`,
      ];
    });
    expect(lines.slice(0, 3)).toEqual(['1 ->a first', '1 btc epoch 1 of a', '1 btc@1 1']);
    expect(lines.slice(3)).toEqual(expected);
    expect(subscriptions.filter((line) => line.includes('+'))).toEqual(['0 +a', '0 +b']);
  });
});
