import { beforeEach, describe, expect, it } from 'vitest';
import { HandOver } from '../../../src/feed/connection/hand-over.ts';

let handOver: HandOver;

beforeEach(() => {
  handOver = new HandOver();
});

describe('HandOver', () => {
  it('is done when the old connection has delivered the time that the new one began with', () => {
    handOver.byOld(90);
    handOver.subscribe();
    handOver.byNew(100);
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.byOld(99);
    expect(handOver.caughtUp).toBe(false);
    handOver.byOld(100);
    expect(handOver.caughtUp).toBe(true);
  });

  it('takes the latest time of the first moment, so that an old state sent at first proves nothing', () => {
    handOver.byOld(90);
    handOver.subscribe();
    handOver.byNew(10);
    expect(handOver.caughtUp).toBe(false);
    handOver.byNew(100);
    handOver.byNew(95);
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.byNew(200);
    handOver.byOld(100);
    expect(handOver.caughtUp).toBe(true);
  });

  it('does not count what came before all was subscribed', () => {
    handOver.byNew(10);
    handOver.byOld(50);
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.subscribe();
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.byNew(60);
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.byOld(60);
    expect(handOver.caughtUp).toBe(true);
  });

  it('where the first data of the new one is late, gives it its first moment from there', () => {
    handOver.subscribe();
    expect(handOver.byNew(null)).toBe(false);
    handOver.settle();
    expect(handOver.byNew(10)).toBe(true);
    handOver.byOld(50);
    expect(handOver.caughtUp).toBe(false);
    expect(handOver.byNew(60)).toBe(false);
    handOver.settle();
    expect(handOver.caughtUp).toBe(false);
    handOver.byOld(60);
    expect(handOver.caughtUp).toBe(true);
  });

  it('counts what the old one had delivered before, for that has come', () => {
    handOver.byOld(100);
    handOver.subscribe();
    handOver.byNew(100);
    handOver.settle();
    expect(handOver.caughtUp).toBe(true);
  });

  it('begins again with a new connection', () => {
    handOver.subscribe();
    handOver.byNew(10);
    handOver.settle();
    handOver.byOld(10);
    handOver.restart();
    expect([handOver.caughtUp, handOver.subscribed]).toEqual([false, false]);
    handOver.subscribe();
    expect(handOver.caughtUp).toBe(false);
  });

  it('is quiet where neither delivers and the old one answers', () => {
    expect(handOver.quiet).toBe(false);
    handOver.byOld(10);
    handOver.oldAnswered();
    handOver.subscribe();
    expect(handOver.quiet).toBe(false);
    handOver.oldAnswered();
    expect(handOver.quiet).toBe(true);
  });

  it.each<[string, (of: HandOver) => void]>([
    ['the old one delivers and the new one does not', (of) => of.byOld(20)],
    ['the new one delivers and the old one does not', (of) => of.byNew(20)],
    ['the old one has data without a time and the new one none', (of) => of.byOld(null)],
  ])('is not quiet where %s', (_, happens) => {
    handOver.subscribe();
    handOver.oldAnswered();
    happens(handOver);
    expect(handOver.quiet).toBe(false);
  });

  it('takes data without a time for enough where both have nothing else', () => {
    handOver.subscribe();
    handOver.byNew(null);
    expect(handOver.quiet).toBe(false);
    handOver.byOld(null);
    expect(handOver.quiet).toBe(true);
  });
});
