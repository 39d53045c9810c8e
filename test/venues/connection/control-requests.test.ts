import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { ControlRequests, type Outgoing } from '../../../src/venues/connection/control-requests.ts';
import type { Decoded } from '../../../src/venues/contract.ts';
import { fakeVenue } from '../fake-venue.ts';

const fault = new Fault('subscription_rejected', 'no', { retry: { kind: 'never' } });

function refusal(id: string | undefined, topics: readonly string[]): Extract<Decoded, { kind: 'refused' }> {
  return { kind: 'refused', id, topics, fault };
}

function sendAll(outgoing: readonly Outgoing[], now = 0): string[] {
  return outgoing.map(({ frame, sent }) => {
    sent(now);
    return frame;
  });
}

describe('ControlRequests', () => {
  it('does not assign an answer with an unknown id to the oldest request', () => {
    const requests = new ControlRequests(fakeVenue());
    sendAll(requests.subscribe(['a']));
    expect(requests.acknowledged('99')).toEqual([]);
    expect(requests.refused(refusal('99', [])).known).toBe(false);
    expect(requests.acknowledged('1')).toEqual(['a']);
  });

  it('does not count a request that still waits in the queue as sent', () => {
    const requests = new ControlRequests(fakeVenue());
    requests.subscribe(['a']);
    expect(requests.acknowledged(undefined)).toEqual([]);
    expect(requests.overdue(1e9)).toEqual({ again: [], unanswered: 0 });
  });

  it('reports all topics as subscribed when «already subscribed» names a topic of no request', () => {
    const requests = new ControlRequests(fakeVenue());
    sendAll(requests.subscribe(['a', 'b']));
    const outcome = requests.refused({ ...refusal('1', ['c']), alreadySubscribed: true });
    expect(outcome).toEqual({ subscribed: ['a', 'b'], refused: [], retries: [], known: true });
  });

  it('resends unanswered topics with growing delays, except unsubscribed ones', () => {
    const requests = new ControlRequests(fakeVenue());
    sendAll(requests.subscribe(['a', 'b']));
    sendAll(requests.unsubscribe(['a']));
    expect(sendAll(requests.overdue(9_999).again)).toEqual([]);
    expect(sendAll(requests.overdue(10_000).again, 10_000)).toEqual(['sub 3 b']);
    expect(requests.overdue(29_999)).toEqual({ again: [], unanswered: 0 });
    const sent: string[] = [];
    for (let at = 30_000; at <= 300_000; at += 10_000) {
      const { again, unanswered } = requests.overdue(at);
      expect(unanswered).toBe(again.length);
      sent.push(...sendAll(again, at).map((frame) => `${at / 1000} ${frame}`));
    }
    expect(sent).toEqual(['30 sub 4 b', '70 sub 5 b', '130 sub 6 b', '190 sub 7 b', '250 sub 8 b']);
    expect(requests.acknowledged('8')).toEqual(['b']);
    expect(requests.overdue(1e9)).toEqual({ again: [], unanswered: 0 });
  });

  it('settles every topic as subscribed or refused, for every form of refusal', () => {
    const wordings = fc.constantFrom(
      'id',
      'first bad',
      'all bad',
      'all',
      'nothing',
      'id and first bad',
      'foreign id topics',
    );
    const wanted = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 120 });
    fc.assert(
      fc.property(wanted, fc.integer({ min: 1, max: 10 }), wordings, (numbers, every, wording) => {
        const topics = numbers.map((number) => `t${number}`);
        const isBad = (topic: string) => Number(topic.slice(1)) % every === 0;
        const requests = new ControlRequests(fakeVenue());
        const wire = sendAll(requests.subscribe(topics));
        const subscribed: string[] = [];
        const refused: string[] = [];
        let messages = 0;
        for (let frame = wire.shift(); frame !== undefined; frame = wire.shift()) {
          expect(messages++).toBeLessThan(1000);
          const [, id, list = ''] = frame.split(' ');
          const asked = list.split(',');
          const bad = asked.filter(isBad);
          if (bad.length === 0) {
            subscribed.push(...requests.acknowledged(id));
            continue;
          }
          const named = {
            'first bad': bad.slice(0, 1),
            'all bad': bad,
            all: asked,
            'id and first bad': bad.slice(0, 1),
            'foreign id topics': ['x'],
          };
          const names = wording in named ? named[wording as keyof typeof named] : [];
          const outcome = requests.refused(refusal(wording.includes('id') ? id : undefined, names));
          expect(outcome.known).toBe(true);
          refused.push(...outcome.refused);
          wire.push(...sendAll(outcome.retries));
        }
        expect(refused.sort()).toEqual(topics.filter(isBad).sort());
        expect(subscribed.sort()).toEqual(topics.filter((topic) => !isBad(topic)).sort());
      }),
      { numRuns: 300 },
    );
  });
});
