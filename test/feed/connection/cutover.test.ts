import { beforeEach, describe, expect, it } from 'vitest';
import { Cutover } from '../../../src/feed/connection/cutover.ts';

let cutover: Cutover;

beforeEach(() => {
  cutover = new Cutover();
});

describe('Cutover', () => {
  it('is complete when the old connection has reached the time at which the new one began', () => {
    cutover.byOld(90);
    cutover.subscribe();
    cutover.byNew(100);
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.byOld(99);
    expect(cutover.caughtUp).toBe(false);
    cutover.byOld(100);
    expect(cutover.caughtUp).toBe(true);
  });

  it("waits for the latest time in the new connection's first data, because it may begin with old states", () => {
    cutover.byOld(90);
    cutover.subscribe();
    cutover.byNew(10);
    expect(cutover.caughtUp).toBe(false);
    cutover.byNew(100);
    cutover.byNew(95);
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.byNew(200);
    cutover.byOld(100);
    expect(cutover.caughtUp).toBe(true);
  });

  it('ignores data of the new connection from before its subscription', () => {
    cutover.byNew(10);
    cutover.byOld(50);
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.subscribe();
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.byNew(60);
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.byOld(60);
    expect(cutover.caughtUp).toBe(true);
  });

  it("counts the settling time from the new connection's first data if that is late", () => {
    cutover.subscribe();
    expect(cutover.byNew(null)).toBe(false);
    cutover.settle();
    expect(cutover.byNew(10)).toBe(true);
    cutover.byOld(50);
    expect(cutover.caughtUp).toBe(false);
    expect(cutover.byNew(60)).toBe(false);
    cutover.settle();
    expect(cutover.caughtUp).toBe(false);
    cutover.byOld(60);
    expect(cutover.caughtUp).toBe(true);
  });

  it('counts data that the old connection delivered before the subscription', () => {
    cutover.byOld(100);
    cutover.subscribe();
    cutover.byNew(100);
    cutover.settle();
    expect(cutover.caughtUp).toBe(true);
  });

  it('begins again with a new connection', () => {
    cutover.subscribe();
    cutover.byNew(10);
    cutover.settle();
    cutover.byOld(10);
    cutover.restart();
    expect([cutover.caughtUp, cutover.subscribed]).toEqual([false, false]);
    cutover.subscribe();
    expect(cutover.caughtUp).toBe(false);
  });

  it('is idle if neither connection delivers and the old one answers', () => {
    expect(cutover.idle).toBe(false);
    cutover.byOld(10);
    cutover.oldAnswered();
    cutover.subscribe();
    expect(cutover.idle).toBe(false);
    cutover.oldAnswered();
    expect(cutover.idle).toBe(true);
  });

  it.each<[string, (of: Cutover) => void]>([
    ['the old one delivers and the new one does not', (of) => of.byOld(20)],
    ['the new one delivers and the old one does not', (of) => of.byNew(20)],
    ['the old one has data without a time and the new one none', (of) => of.byOld(null)],
  ])('is not idle if %s', (_, happens) => {
    cutover.subscribe();
    cutover.oldAnswered();
    happens(cutover);
    expect(cutover.idle).toBe(false);
  });

  it('is idle if both connections have only data without a time', () => {
    cutover.subscribe();
    cutover.byNew(null);
    expect(cutover.idle).toBe(false);
    cutover.byOld(null);
    expect(cutover.idle).toBe(true);
  });
});
