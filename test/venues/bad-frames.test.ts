import { describe, expect, it } from 'vitest';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import type { Decoded } from '../../src/venues/contract.ts';
import { venues } from '../../src/venues/registry.ts';
import { cpuMs } from '../../testing/processes/cpu-ms.ts';
import { fixtureContext } from '../contracts/venue-contract.ts';
import { expectWellFormed } from '../contracts/well-formed-event.ts';
import { type BadFrame, badFrames, goodTrade } from '../fixtures/bad-frames.ts';

const SLOWEST_MS = 1_000;

describe.each(['binance', 'bybit'] as const)('the decoder of %s with bad frames', (protocol) => {
  const decode = venues[protocol].newDecoder(fixtureContext());
  const frames = badFrames(protocol);

  it('is tested with more than 40 kinds of bad frame, each with a unique name', () => {
    expect(frames.length).toBeGreaterThan(40);
    expect(new Set(frames.map(({ name }) => name)).size).toBe(frames.length);
  });

  it.each(frames)('$name: $expect', (bad) => {
    const took = cpuMs(() => expectOutcome(decode(rawFrame(bad)), bad));
    expect(took).toBeLessThan(SLOWEST_MS);
  });

  it('decodes every good trade between the bad frames, in order', () => {
    const between = venues[protocol].newDecoder(fixtureContext());
    const ids: string[] = [];
    const outcomes = frames.map((bad, index) => {
      const outcome = between(rawFrame(bad));
      const good = between({ data: Buffer.from(goodTrade(protocol, index).text), binary: false, receivedAt: 1 });
      if (good.kind === 'value')
        ids.push(...good.value.map((event) => (event.kind === 'trade' ? event.tradeId : event.kind)));
      return outcome;
    });
    expect(ids).toEqual(frames.map((_, index) => goodTrade(protocol, index).tradeId));
    for (const [index, bad] of frames.entries())
      expect(outcomes[index]?.kind, bad.name).toBe(bad.expect === 'passes' ? 'value' : bad.expect);
  });

  it('keeps the fault message of a malformed frame under 300 characters', () => {
    for (const bad of frames) {
      const decoded = decode(rawFrame(bad));
      if (decoded.kind === 'malformed') expect(decoded.fault.message.length, bad.name).toBeLessThan(300);
    }
  });
});

function rawFrame({ data, binary }: BadFrame): RawFrame {
  return { data: Buffer.from(data), binary: binary === true, receivedAt: 1 };
}

function expectOutcome(decoded: Decoded, bad: BadFrame): void {
  switch (bad.expect) {
    case 'malformed':
      expect(decoded).toMatchObject({ kind: 'malformed', fault: { kind: 'malformed', retry: { kind: 'never' } } });
      if (bad.field !== undefined && decoded.kind === 'malformed') expect(decoded.fault.field).toBe(bad.field);
      return;
    case 'ignored':
      expect(decoded).toEqual({ kind: 'ignored', reason: bad.reason });
      return;
    case 'passes':
      expect(decoded.kind).toBe('value');
      if (decoded.kind !== 'value') return;
      expect(decoded.warning).toBe(bad.warning);
      expect(decoded.value).toHaveLength(1);
      for (const event of decoded.value) expectWellFormed(event, fixtureContext());
      return;
  }
}
