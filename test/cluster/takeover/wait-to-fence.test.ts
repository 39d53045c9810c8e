import { expect, it } from 'vitest';
import { type WaitToFenceOptions, waitToFence } from '../../../src/cluster/takeover/wait-to-fence.ts';
import { at } from '../../../src/domain/at.ts';
import { VirtualClock } from '../../sinks/virtual-clock.ts';

/** A new owner that waits, and when it may fence. */
class Waiting {
  readonly clock = new VirtualClock();
  readonly abort = new AbortController();
  isOwnerSilent = false;
  /** Since when the lines of each venue are ready. */
  readonly venues: { lines: { subscribedSince: number | undefined } }[];
  dueAt: number | undefined;

  constructor(...ready: (number | undefined)[]) {
    this.venues = ready.map((since) => ({ lines: { subscribedSince: since } }));
    const options: WaitToFenceOptions = {
      venues: this.venues,
      isOwnerSilent: () => this.isOwnerSilent,
      scheduler: this.clock,
      signal: this.abort.signal,
    };
    void waitToFence(options).then(() => {
      this.dueAt = this.clock.now();
    });
  }

  setReady(venue: number, since: number | undefined): void {
    at(this.venues, venue).lines.subscribedSince = since;
  }
}

it('a new owner waits until all venues have been ready for a second', async () => {
  const own = new Waiting(undefined, 0);
  await own.clock.advance(3000);
  own.setReady(0, 3000);
  await own.clock.advance(900);
  expect(own.dueAt).toBeUndefined();
  await own.clock.advance(100);
  expect(own.dueAt).toBe(4000);
});

it('a new owner waits again if a line is lost during the second', async () => {
  const own = new Waiting(0);
  await own.clock.advance(900);
  own.setReady(0, undefined);
  await own.clock.advance(1000);
  own.setReady(0, 1900);
  await own.clock.advance(900);
  expect(own.dueAt).toBeUndefined();
  await own.clock.advance(100);
  expect(own.dueAt).toBe(2900);
});

it('a new owner fences as soon as the previous owner is silent', async () => {
  const own = new Waiting(undefined);
  await own.clock.advance(2000);
  expect(own.dueAt).toBeUndefined();
  own.isOwnerSilent = true;
  await own.clock.advance(50);
  expect(own.dueAt).toBe(2050);
});

it('after ten seconds, a new owner needs one venue only, but it never fences without any', async () => {
  const one = new Waiting(undefined, 0);
  await one.clock.advance(9900);
  expect(one.dueAt).toBeUndefined();
  await one.clock.advance(100);
  expect(one.dueAt).toBe(10_000);
  const none = new Waiting(undefined, undefined);
  await none.clock.advance(600_000);
  expect(none.dueAt).toBeUndefined();
});

it('a new owner waits no longer when its start is aborted', async () => {
  const own = new Waiting(undefined);
  await own.clock.advance(1000);
  own.abort.abort();
  await own.clock.advance(0);
  expect(own.dueAt).toBe(1000);
});
