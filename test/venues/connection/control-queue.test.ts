import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlQueue } from '../../../src/venues/connection/control-queue.ts';
import { SteppedScheduler } from '../stepped-scheduler.ts';

function queueOf(messagesPerSecond: number) {
  const scheduler = new SteppedScheduler();
  const queue = new ControlQueue(scheduler, messagesPerSecond);
  const sent: { readonly what: string; readonly at: number }[] = [];
  const send = (what: string) => () => sent.push({ what, at: scheduler.now() });
  return { scheduler, queue, sent, send };
}

describe('ControlQueue', () => {
  it('sends at once up to the limit, then as the window moves on', () => {
    const { scheduler, queue, sent, send } = queueOf(5);
    for (let count = 0; count < 9; count++) queue.push(send(String(count)));
    expect(sent).toHaveLength(4);
    scheduler.advance(3000);
    expect(sent.map(({ what }) => what)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect(sent.map(({ at }) => at)).toEqual([0, 0, 0, 0, 1100, 1100, 1100, 1100, 2200]);
  });

  it('sends a pushFirst message before all waiting messages', () => {
    const { scheduler, queue, sent, send } = queueOf(1);
    for (const what of ['a', 'b', 'c']) queue.push(send(what));
    queue.pushFirst(send('heartbeat'));
    scheduler.advance(5000);
    expect(sent.map(({ what }) => what)).toEqual(['a', 'heartbeat', 'b', 'c']);
  });

  it('counts messages sent outside the queue against the limit', () => {
    const { scheduler, queue, sent, send } = queueOf(5);
    for (let count = 0; count < 4; count++) queue.count();
    queue.push(send('late'));
    expect(sent).toEqual([]);
    scheduler.advance(1100);
    expect(sent).toEqual([{ what: 'late', at: 1100 }]);
  });

  it('drops waiting messages when it is closed, and leaves no timer', () => {
    const { scheduler, queue, sent, send } = queueOf(1);
    queue.push(send('a'));
    queue.push(send('b'));
    expect(scheduler.waiting).toBe(1);
    queue.close();
    expect(scheduler.waiting).toBe(0);
    scheduler.advance(5000);
    queue.push(send('c'));
    queue.pushFirst(send('d'));
    expect(scheduler.waiting).toBe(0);
    expect(sent.map(({ what }) => what)).toEqual(['a']);
  });

  it('sends every message, and stays below the limit in any second', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(700), push: fc.nat(6), first: fc.nat(1), pong: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.constantFrom(2, 5, 10, 50), steps, (limit, plan) => {
        const { scheduler, queue, sent, send } = queueOf(limit);
        let asked = 0;
        for (const { afterMs, push, first, pong } of plan) {
          scheduler.advance(afterMs);
          for (let count = 0; count < push; count++, asked++) queue.push(send('message'));
          for (let count = 0; count < first; count++, asked++) queue.pushFirst(send('heartbeat'));
          if (pong) queue.count();
        }
        scheduler.advance(1_000_000);
        expect(sent).toHaveLength(asked);
        for (const { at } of sent) {
          const within = sent.filter((other) => other.at >= at && other.at < at + 1000).length;
          expect(within).toBeLessThan(limit);
        }
      }),
      { numRuns: 200 },
    );
  });
});
