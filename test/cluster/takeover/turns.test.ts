import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/cluster/takeover/turns.ts';
import { VirtualClock } from '../../sinks/virtual-clock.ts';

/** Turns that write their names when they begin. */
function watched() {
  const clock = new VirtualClock();
  const turns = new Turns(clock);
  const begun: string[] = [];
  const next = (name: string) => {
    const turn = turns.newTurn();
    const begin = () => void turn.begin().then(() => begun.push(`${name} ${clock.now()}`));
    return { begin, end: () => turn.end() };
  };
  return { clock, begun, next };
}

describe('turns', () => {
  it('begin in the order of their calls, each after the one before has ended', async () => {
    const { clock, begun, next } = watched();
    const [a, b, c] = [next('a'), next('b'), next('c')];
    for (const turn of [a, b, c]) turn.begin();
    await clock.advance(100);
    expect(begun).toEqual(['a 0']);
    // One that ends before its turn is left out.
    b.end();
    await clock.advance(100);
    expect(begun).toEqual(['a 0']);
    a.end();
    await clock.advance(0);
    expect(begun).toEqual(['a 0', 'b 200', 'c 200']);
  });

  it('last half a second at most', async () => {
    const { clock, begun, next } = watched();
    const [a, b] = [next('a'), next('b')];
    a.begin();
    b.begin();
    await clock.advance(800);
    expect(begun).toEqual(['a 0', 'b 500']);
    a.end();
    b.end();
    next('c').begin();
    await clock.advance(0);
    expect(begun).toEqual(['a 0', 'b 500', 'c 800']);
  });

  it('begin once, however often they are asked to', async () => {
    const { clock, begun, next } = watched();
    const a = next('a');
    a.begin();
    await clock.advance(0);
    a.begin();
    await clock.advance(0);
    next('b').begin();
    a.end();
    await clock.advance(0);
    expect(begun).toEqual(['a 0', 'a 0', 'b 0']);
  });
});
