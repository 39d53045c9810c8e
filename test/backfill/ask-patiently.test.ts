import { Observable, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { askPatiently } from '../../src/backfill/ask-patiently.ts';
import { Fault, type FaultKind, type Retry } from '../../src/domain/fault.ts';
import { fakeVenue } from '../venues/fake-venue.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';

const REQUEST = fakeVenue().time;

/** Asks a venue that answers with these faults in turn, and then with 7. */
function asking(retries: readonly Retry[], kind: FaultKind = 'unavailable') {
  const scheduler = new SteppedScheduler();
  const abort = new AbortController();
  const waits: number[] = [];
  let asked = 0;
  const answer$ = new Observable<number>((subscriber) => {
    const retry = retries[asked++];
    const answer = retry === undefined ? of(7) : throwError(() => new Fault(kind, 'not now', { retry }));
    return answer.subscribe(subscriber);
  });
  const rest = { ask$: () => answer$ } as never;
  const onWait = (_: Fault, delayMs: number) => waits.push(delayMs);
  const ask = askPatiently({ rest, scheduler, random: () => 0.5, signal: abort.signal, onWait });
  return { scheduler, abort, waits, answer: ask(REQUEST), asked: () => asked };
}

const BACKOFF: Retry = { kind: 'backoff' };

it('askPatiently retries after a temporary fault, with a longer wait each time', async () => {
  const { scheduler, waits, answer } = asking([BACKOFF, BACKOFF, BACKOFF]);
  scheduler.advance(60_000);
  expect(await answer).toBe(7);
  expect(waits).toEqual([550, 1050, 2050]);
});

it('askPatiently waits exactly as long as the venue demands', async () => {
  const { scheduler, waits, answer, asked } = asking([{ kind: 'after', afterMs: 90_000 }]);
  scheduler.advance(89_999);
  expect(asked()).toBe(1);
  scheduler.advance(1);
  expect(await answer).toBe(7);
  expect(waits).toEqual([90_000]);
});

it('askPatiently gives up after five attempts, and at once if the wait is hours, the region blocked or a retry useless', async () => {
  const five = asking(Array(6).fill(BACKOFF));
  five.scheduler.advance(600_000);
  await expect(five.answer).rejects.toThrow('gave up after 5 attempts without data: not now');
  const hours = asking([{ kind: 'after', afterMs: 7_200_000 }]);
  await expect(hours.answer).rejects.toThrow('not now; the venue asks for a pause of 120 minutes');
  const blocked = asking([{ kind: 'after', afterMs: 600_000 }], 'region_blocked');
  await expect(blocked.answer).rejects.toThrow('not now; the venue asks for a pause of 10 minutes');
  const never = asking([{ kind: 'never' }]);
  await expect(never.answer).rejects.toMatchObject({ kind: 'unavailable', message: 'not now' });
});

it('askPatiently rejects and sends no further request if its signal aborts during a wait', async () => {
  const waiting = asking([BACKOFF]);
  waiting.abort.abort();
  await expect(waiting.answer).rejects.toThrow();
  waiting.scheduler.advance(60_000);
  expect(waiting.asked()).toBe(1);
});
