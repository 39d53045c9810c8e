import { describe, expect, it } from 'vitest';
import type { BookUpdate } from '../../../src/domain/market-event.ts';
import type { BookLevel } from '../../../src/domain/record.ts';
import { type BookStep, BookSync } from '../../../src/market/book/book-sync.ts';
import { bookText, EMPTY_UPDATE } from './book-venue.ts';

const A = 1;
const B = 2;

type Words = Partial<Pick<BookUpdate, 'timestamp' | 'receivedAt'>> & { readonly bids?: string; readonly asks?: string };

/** `'100:1 99:2'` as levels. */
function levels(text = ''): BookLevel[] {
  return text.split(' ').flatMap((word) => {
    const [price, quantity] = word.split(':');
    return price === undefined || quantity === undefined ? [] : [{ price, quantity }];
  });
}

function delta(from: string | number, to: string | number, { bids, asks, ...rest }: Words = {}): BookUpdate {
  const ids = { firstUpdateId: `${from}`, lastUpdateId: `${to}` };
  return { ...EMPTY_UPDATE, ...ids, bids: levels(bids), asks: levels(asks), ...rest };
}

function whole(id: string | number, words: Words = {}): BookUpdate {
  return { ...delta(id, id, words), snapshot: true };
}

/** Steps as text: `=15` replaced, `15>16` changed, `stale`. */
function said(steps: readonly BookStep[]): string {
  const words = steps.map((step) => {
    if (step.kind === 'replaced') return `=${step.updateId}`;
    return step.kind === 'changed' ? `${step.previousUpdateId}>${step.update.lastUpdateId}` : 'stale';
  });
  return words.join(' ');
}

function textOf({ book }: BookSync): string {
  return bookText(book.bids(), book.asks());
}

/** A book in step at id 10, with bid 100 and ask 101. Each of these lines has delivered update 10. */
function inStep(mode: 'fetched' | 'sent', ...lines: readonly number[]): BookSync {
  const sync = new BookSync({ mode });
  const book = { bids: '100:1', asks: '101:1' };
  for (const line of lines) {
    sync.joined(line);
    sync.update(line, mode === 'sent' ? whole(10, book) : delta(10, 10), 0);
  }
  if (mode === 'fetched') sync.snapshot(whole(10, book), 0);
  expect([sync.state, sync.updateId]).toEqual(['in_step', '10']);
  return sync;
}

describe('BookSync with a fetched book of limited depth', () => {
  /** A book fetched with four levels on each side. If fewer than two of them are left, it requests a snapshot. */
  function bounded(limit = 4): BookSync {
    const sync = new BookSync({ mode: 'fetched' });
    sync.joined(A);
    sync.update(A, delta(10, 10), 0);
    const all = { bids: '100:1 99:1 98:1 97:1', asks: '101:1 102:1 103:1 104:1' };
    expect(said(sync.snapshot({ ...whole(10, all), limit }, 0))).toBe('=10');
    return sync;
  }
  const seen = (sync: BookSync) => `${sync.state} ${sync.wants} ${textOf(sync)}`;

  it('requests a snapshot when fewer than half of the bids are left, and stays in step meanwhile', () => {
    const sync = bounded();
    sync.update(A, delta(11, 11, { bids: '100:0 99:0 95:1' }), 0);
    expect(sync.wants).toBeUndefined();
    expect(said(sync.update(A, delta(12, 12, { bids: '98:0' }), 0))).toBe('11>12');
    expect([sync.state, sync.wants]).toEqual(['in_step', 'snapshot']);
    expect(said(sync.update(A, delta(13, 13, { asks: '101:5' }), 0))).toBe('12>13');
  });

  it('requests a snapshot when fewer than half of the asks are left', () => {
    const sync = bounded();
    sync.update(A, delta(11, 11, { asks: '101:0 102:0 103:0 105:9' }), 0);
    expect([sync.state, sync.wants]).toEqual(['in_step', 'snapshot']);
  });

  it.each([
    ['older than the book: applies the updates after it', 13, '=14', '97:1 94:3 93:1 | 101:7 102:1'],
    ['as old as the book at the request: applies the updates after it', 11, '=14', '97:1 94:3 93:1 | 101:7 102:1'],
    ['newer than the book: replaces the book', 20, '=20', '97:1 96:5 94:1 93:1 | 101:1 102:1'],
    ['older than the kept updates: refuses it', 10, '', '97:1 94:3 | 101:7 102:1 103:1 104:1'],
  ])('handles a snapshot %s', (_, id, step, text) => {
    const sync = bounded();
    sync.update(A, delta(11, 11), 0);
    for (const bids of ['100:0 99:0 98:0', '96:5', '96:0 94:3'])
      sync.update(A, delta(Number(sync.updateId) + 1, Number(sync.updateId) + 1, { bids, asks: '101:7' }), 0);
    const deeper = { bids: '97:1 96:5 94:1 93:1', asks: '101:1 102:1' };
    expect(said(sync.snapshot({ ...whole(id, deeper), limit: 4 }, 0))).toBe(step);
    const [bids, asks] = text.split(' | ');
    expect(textOf(sync)).toBe(bookText(levels(bids), levels(asks)));
    expect(sync.wants).toBe(step === '' ? 'snapshot' : undefined);
  });

  it('ignores an update that is not newer than the snapshot', () => {
    const sync = bounded();
    sync.update(A, delta(11, 11, { bids: '100:0 99:0 98:0' }), 0);
    expect(said(sync.snapshot(whole(20, { bids: '97:2', asks: '101:1' }), 0))).toBe('=20');
    expect(said(sync.update(A, delta(12, 20, { bids: '97:9' }), 0))).toBe('');
    expect(said(sync.update(A, delta(21, 21, { bids: '97:3' }), 0))).toBe('20>21');
    expect(seen(sync)).toBe(`in_step undefined ${bookText(levels('97:3'), levels('101:1'))}`);
  });

  it('keeps the last 300 updates until the deeper snapshot arrives', () => {
    const sync = bounded();
    sync.update(A, delta(11, 11, { bids: '100:0 99:0 98:0' }), 0);
    for (let id = 12; id <= 311; id++) sync.update(A, delta(id, id, { asks: `101:${id}` }), 0);
    const answer = (id: number) => sync.snapshot({ ...whole(id, { bids: '97:1', asks: '101:1' }), limit: 4 }, 0);
    expect(said(answer(10))).toBe('');
    expect(said(answer(11))).toBe('=311');
    expect(seen(sync)).toBe(`in_step undefined ${bookText(levels('97:1'), levels('101:311'))}`);
  });

  it.each([
    ['lies beyond the fetched levels', '100:0 99:0 98:0 97:0 95:1'],
    ['is removed', '100:0 99:0 98:0 97:0'],
  ])('is stale when the best price %s', (_, bids) => {
    const sync = bounded();
    expect(said(sync.update(A, delta(11, 11, { bids }), 0))).toBe('stale');
    expect([sync.state, sync.wants]).toEqual(['stale', 'snapshot']);
    expect(said(sync.snapshot({ ...whole(11, { bids: '95:1 94:1', asks: '101:1' }), limit: 4 }, 0))).toBe('=11');
  });

  it('needs no deeper snapshot if the venue returned fewer levels than the limit', () => {
    const sync = bounded(5);
    sync.update(A, delta(11, 11, { bids: '100:0 99:0 98:0 97:0 90:1', asks: '101:0 102:0 103:0' }), 0);
    expect(seen(sync)).toBe(`in_step undefined ${bookText(levels('90:1'), levels('104:1'))}`);
  });

  it('is stale after a gap while it waits for a deeper snapshot', () => {
    const sync = bounded();
    sync.update(A, delta(11, 11, { bids: '100:0 99:0 98:0' }), 0);
    expect(said(sync.update(A, delta(14, 14), 0))).toBe('stale');
    expect(said(sync.snapshot({ ...whole(13, { bids: '97:1', asks: '101:1' }), limit: 4 }, 0))).toBe('');
    expect(said(sync.snapshot({ ...whole(14, { bids: '97:1', asks: '101:1' }), limit: 4 }, 0))).toBe('=14');
  });
});

describe('BookSync with a fetched book', () => {
  it('requests a snapshot once it holds the first update, and not before', () => {
    const sync = new BookSync({ mode: 'fetched' });
    expect([sync.state, sync.wants]).toEqual(['empty', undefined]);
    sync.joined(A);
    expect(sync.wants).toBeUndefined();
    expect(sync.update(A, delta(11, 12), 0)).toEqual([]);
    expect([sync.state, sync.wants]).toEqual(['empty', 'snapshot']);
  });

  it('ignores a snapshot that it did not request', () => {
    const sync = new BookSync({ mode: 'fetched' });
    expect(sync.snapshot(whole(10), 0)).toEqual([]);
    const settled = inStep('fetched', A);
    expect(settled.snapshot(whole(12, { bids: '50:1' }), 0)).toEqual([]);
    expect([settled.updateId, textOf(settled)]).toEqual(['10', '100:1 | 101:1']);
  });

  it.each([
    ['12', '', 'the update before the first held one is missing'],
    ['13', '=22', 'the first held update follows it'],
    ['14', '=22', 'it lies in the first held update'],
    ['15', '=22', 'it ends with the first held update'],
    ['18', '=22', 'it lies in a later held update'],
    ['30', '=30', 'it is newer than all held updates'],
  ])('handles snapshot %s and returns «%s»: %s', (id, expected) => {
    const sync = new BookSync({ mode: 'fetched' });
    for (const [from, to] of [
      [14, 15],
      [16, 20],
      [21, 22],
    ] as const)
      sync.update(A, delta(from, to, { bids: `${to}:1` }), 0);
    expect(said(sync.snapshot(whole(id, { bids: '9:9', asks: '99:1' }), 0))).toBe(expected);
    expect([sync.state, sync.wants]).toEqual(expected === '' ? ['empty', 'snapshot'] : ['in_step', undefined]);
    const applied = [15, 20, 22].filter((to) => to > Number(id)).reverse();
    if (expected !== '') {
      expect(textOf(sync)).toBe(`${[...applied.map((to) => `${to}:1`), '9:9'].join(' ')} | 99:1`);
      expect([sync.applied, sync.ignored]).toEqual([applied.length, 3 - applied.length]);
    }
  });

  it('rejects a snapshot that ends in a gap of the held updates', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(A, delta(11, 12), 0);
    sync.update(A, delta(16, 18), 0);
    expect(said(sync.snapshot(whole(13), 0))).toBe('');
    expect([sync.state, sync.wants, sync.gaps]).toEqual(['empty', 'snapshot', 0]);
    expect(said(sync.snapshot(whole(15), 0))).toBe('=18');
  });

  it('returns the id and times of the last applied update with a replacement', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(A, delta(11, 12, { timestamp: 7000, receivedAt: 7_001_000 }), 0);
    expect(sync.snapshot(whole(11, { receivedAt: 7_002_000 }), 0)).toEqual([
      { kind: 'replaced', receivedAt: 7_001_000, timestamp: 7000, updateId: '12' },
    ]);
    expect([sync.updateId, sync.timestamp, sync.receivedAt]).toEqual(['12', 7000, 7_001_000]);
  });

  it('holds the last 300 updates until the first snapshot arrives', () => {
    const sync = new BookSync({ mode: 'fetched' });
    for (let id = 1; id <= 3000; id++) sync.update(A, delta(id, id), 0);
    expect(said(sync.snapshot(whole(2699), 0))).toBe('');
    expect(said(sync.snapshot(whole(2700), 0))).toBe('=3000');
    expect(sync.applied).toBe(300);
  });

  it('is in step with a book that has not begun, and requests it until its first update', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.joined(A);
    sync.subscribed();
    expect([said(sync.snapshot(whole(0), 0)), sync.state, textOf(sync)]).toEqual([
      '=0',
      'in_step',
      textOf(new BookSync({ mode: 'fetched' })),
    ]);
    expect([said(sync.snapshot(whole(0), 0)), sync.wants]).toEqual(['', 'snapshot']);
    expect(said(sync.update(A, delta(1, 2, { bids: '100:1' }), 0))).toBe('0>2');
    expect([sync.wants, said(sync.snapshot(whole(0), 0)), sync.updateId]).toEqual([undefined, '', '2']);
  });

  it('replaces a book that has not begun with the next snapshot', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.joined(A);
    sync.subscribed();
    sync.snapshot(whole(0), 0);
    expect([said(sync.snapshot(whole(7, { bids: '100:1' }), 0)), sync.wants]).toEqual(['=7', undefined]);
  });

  it('rejects a book that has not begun if updates with later ids are held', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.joined(A);
    sync.update(A, delta(5, 6), 0);
    expect([said(sync.snapshot(whole(0), 0)), sync.wants]).toEqual(['', 'snapshot']);
  });

  it('holds an update from two lines only once', () => {
    const sync = new BookSync({ mode: 'fetched' });
    for (const line of [A, B]) for (let id = 1; id <= 300; id++) sync.update(line, delta(id, id), 0);
    expect(said(sync.snapshot(whole(0), 0))).toBe('=300');
    expect([sync.applied, sync.ignored]).toEqual([300, 300]);
  });

  it('drops the held updates when the update ids of a line restart lower', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(A, delta(5000, 5000), 0);
    sync.update(A, delta(3, 4, { bids: '100:1' }), 0);
    expect(said(sync.snapshot(whole(2), 0))).toBe('=4');
    expect(sync.waitingSince).toBeUndefined();
  });
});

describe('BookSync in step', () => {
  it.each([
    [11, 11, '10>11', 'follows'],
    [11, 15, '10>15', 'follows with several'],
    [5, 12, '10>12', 'overlaps'],
    [9, 10, '', 'is known'],
    [3, 4, '', 'is long known'],
    [12, 12, 'stale', 'leaves out 11'],
    [13, 20, 'stale', 'leaves out 11 and 12'],
  ])('handles update %i to %i and returns «%s»: it %s', (from, to, expected) => {
    const sync = inStep('fetched', A);
    const { applied, ignored } = sync;
    const steps = sync.update(A, delta(from, to, { bids: '100:0 99:5', asks: '101:2', receivedAt: 8 }), 0);
    expect(said(steps)).toBe(expected);
    const changed = expected.includes('>');
    expect(textOf(sync)).toBe(changed ? '99:5 | 101:2' : '100:1 | 101:1');
    expect([sync.applied - applied, sync.ignored - ignored, sync.gaps]).toEqual([
      changed ? 1 : 0,
      expected === '' ? 1 : 0,
      expected === 'stale' ? 1 : 0,
    ]);
    if (expected === 'stale') {
      expect([sync.state, sync.wants, sync.updateId]).toEqual(['stale', 'snapshot', '10']);
      expect(steps).toEqual([{ kind: 'stale', reason: `updates are missing: after 10 comes ${from}`, receivedAt: 8 }]);
    }
  });

  it.each([
    ['9007199254740993', '9007199254740994', '9007199254740993>9007199254740994'],
    ['9007199254740993', '9007199254740995', 'stale'],
    ['99999999999999999999', '100000000000000000000', '99999999999999999999>100000000000000000000'],
    ['99999999999999999999', '100000000000000000001', 'stale'],
    ['999999999999999', '1000000000000000', '999999999999999>1000000000000000'],
    ['999999999999999', '1000000000000001', 'stale'],
  ])('compares long update ids exactly: after %s comes %s', (id, next, expected) => {
    const sync = new BookSync({ mode: 'sent' });
    sync.update(A, whole(id), 0);
    expect(said(sync.update(A, delta(next, next), 0))).toBe(expected);
  });

  it('recovers from a gap only with a snapshot that includes the update after the gap', () => {
    const sync = inStep('fetched', A);
    expect(said(sync.update(A, delta(13, 14), 0))).toBe('stale');
    expect(said(sync.snapshot(whole(13), 0))).toBe('');
    expect(sync.update(A, delta(15, 16, { bids: '98:1' }), 0)).toEqual([]);
    expect(said(sync.snapshot(whole(13), 0))).toBe('');
    expect(said(sync.snapshot(whole(14, { bids: '97:1' }), 0))).toBe('=16');
    expect([textOf(sync), sync.state, sync.wants]).toEqual(['98:1 97:1 | ', 'in_step', undefined]);
  });

  it('refuses a snapshot older than the gap once, then accepts it because ids may have restarted', () => {
    const sync = inStep('fetched', A);
    expect(said(sync.update(A, delta(13, 14), 0))).toBe('stale');
    expect(said(sync.snapshot(whole(5), 0))).toBe('');
    expect(said(sync.snapshot(whole(5), 0))).toBe('=5');
  });

  it.each(['100', '100.5'])('becomes stale instead of crossed when a bid of %s meets the ask', (price) => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(A, delta(10, 10), 0);
    sync.snapshot(whole(10, { bids: '99:1', asks: '100:1' }), 0);
    expect(sync.update(A, delta(11, 11, { bids: `${price}:1`, receivedAt: 5 }), 0)).toEqual([
      { kind: 'stale', reason: 'best bid and ask have met', receivedAt: 5 },
    ]);
    expect([sync.state, sync.wants, textOf(sync)]).toEqual(['stale', 'snapshot', ' | ']);
    expect(said(sync.snapshot(whole(9, { bids: '99:1' }), 0))).toBe('');
    expect(said(sync.snapshot(whole(11, { bids: '99:1' }), 0))).toBe('=11');
  });

  it('refuses a snapshot that is crossed, or crossed after the held updates', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(A, delta(11, 11, { bids: '101:1' }), 0);
    expect(sync.snapshot(whole(12, { bids: '101:1', asks: '100:1' }), 0)).toEqual([]);
    expect([sync.state, sync.wants]).toEqual(['empty', 'snapshot']);
    sync.update(A, delta(12, 12, { bids: '101:1' }), 0);
    expect(sync.snapshot(whole(11, { bids: '99:1', asks: '100:1' }), 0)).toEqual([]);
    expect([sync.state === 'in_step', sync.wants, textOf(sync)]).toEqual([false, 'snapshot', ' | ']);
  });
});

describe('BookSync with two lines', () => {
  it('applies each update once, whichever line delivers it first', () => {
    const sync = inStep('fetched', A, B);
    const { ignored } = sync;
    expect(said(sync.update(A, delta(11, 12), 0))).toBe('10>12');
    expect(said(sync.update(B, delta(11, 11), 0))).toBe('');
    expect(said(sync.update(B, delta(12, 13), 0))).toBe('12>13');
    expect(sync.ignored - ignored).toBe(1);
  });

  it('holds updates of the faster line until the slower line delivers the missing ones', () => {
    const sync = inStep('sent', A, B);
    expect(said(sync.update(A, delta(13, 13), 500))).toBe('');
    expect(said(sync.update(A, delta(14, 14), 600))).toBe('');
    expect([sync.state, sync.waitingSince]).toEqual(['in_step', 500]);
    expect(said(sync.update(B, delta(11, 11), 700))).toBe('10>11');
    expect(sync.waitingSince).toBe(700);
    expect(said(sync.update(B, delta(12, 12), 800))).toBe('11>12 12>13 13>14');
    expect([sync.waitingSince, sync.gaps]).toEqual([undefined, 0]);
  });

  it('orders updates of both lines that arrive before the snapshot', () => {
    const sync = new BookSync({ mode: 'fetched' });
    sync.update(B, delta(13, 14), 0);
    sync.update(A, delta(11, 12), 0);
    sync.update(B, delta(15, 15), 0);
    expect(said(sync.snapshot(whole(10), 0))).toBe('=15');
  });

  it('becomes stale and counts a gap when the caller gives up waiting', () => {
    const sync = inStep('sent', A, B);
    expect(sync.giveUp()).toEqual([]);
    sync.update(A, delta(13, 13), 500);
    expect(said(sync.giveUp())).toBe('stale');
    expect([sync.wants, sync.waitingSince, sync.gaps]).toEqual(['subscription', undefined, 1]);
    expect(sync.giveUp()).toEqual([]);
  });

  it('becomes stale when both lines lack the same update', () => {
    const sync = inStep('fetched', A, B);
    expect(said(sync.update(A, delta(13, 13), 0))).toBe('');
    expect(said(sync.update(B, delta(14, 14), 0))).toBe('stale');
  });

  it('does not wait for a line without updates', () => {
    const sync = inStep('fetched', A);
    sync.joined(B);
    expect(said(sync.update(A, delta(12, 12), 0))).toBe('stale');
  });

  it('does not wait for a line that is lost', () => {
    const sync = inStep('fetched', A, B);
    sync.update(A, delta(12, 12), 0);
    expect(said(sync.lost(B, 0))).toBe('stale');
    expect(sync.wants).toBe('snapshot');
  });

  it('becomes stale when more than 300 updates wait', () => {
    const sync = inStep('fetched', A, B);
    for (let id = 12; id < 312; id++) expect(sync.update(A, delta(id, id), 0)).toEqual([]);
    expect(said(sync.update(A, delta(312, 312), 0))).toBe('stale');
  });

  it('is stale after the last line is lost, until a line delivers updates again', () => {
    const sync = inStep('fetched', A, B);
    expect(sync.lost(A, 0)).toEqual([]);
    expect(sync.state).toBe('in_step');
    expect(sync.lost(B, 0)).toEqual([{ kind: 'stale', reason: 'no line is left' }]);
    expect([sync.wants, sync.lost(B, 0)]).toEqual([undefined, []]);
    expect(sync.snapshot(whole(20), 0)).toEqual([]);
    sync.joined(A);
    sync.update(A, delta(31, 32), 0);
    expect(sync.wants).toBe('snapshot');
    expect(said(sync.snapshot(whole(30), 0))).toBe('=32');
  });

  it('becomes stale when the only line with updates is lost, even if another line is open', () => {
    const sync = inStep('fetched', A);
    sync.joined(B);
    expect(said(sync.lost(A, 0))).toBe('stale');
  });
});

describe('BookSync at a cutover', () => {
  it('stays in step before the first update of the new connection', () => {
    const sync = inStep('fetched', A);
    sync.joined(B);
    expect(sync.cutOver(A, B, 0)).toEqual([]);
    expect(said(sync.update(B, delta(9, 11), 0))).toBe('10>11');
    expect(said(sync.lost(B, 0))).toBe('stale');
  });

  it('waits for missing updates from the new connection', () => {
    const sync = inStep('fetched', A, B);
    sync.joined(3);
    sync.update(B, delta(12, 12), 0);
    expect(sync.cutOver(A, 3, 0)).toEqual([]);
    expect(said(sync.update(3, delta(10, 11), 0))).toBe('10>11 11>12');
  });

  it('does not rely on the new connection if the replaced one delivered no update', () => {
    const sync = inStep('fetched', A);
    sync.joined(B);
    sync.joined(3);
    sync.cutOver(B, 3, 0);
    expect(said(sync.lost(A, 0))).toBe('stale');
  });
});

describe('BookSync with a book that the venue sends', () => {
  it('waits for the snapshot, and requests a new subscription if updates arrive without it', () => {
    const sync = new BookSync({ mode: 'sent' });
    sync.joined(A);
    expect(sync.wants).toBeUndefined();
    sync.update(A, delta(11, 11, { bids: '98:1' }), 0);
    expect(sync.wants).toBe('subscription');
    expect(said(sync.update(B, whole(10, { bids: '97:1' }), 0))).toBe('=11');
    expect([sync.wants, textOf(sync)]).toEqual([undefined, '98:1 97:1 | ']);
  });

  it('replaces the complete book with a newer snapshot', () => {
    const sync = inStep('sent', A);
    expect(said(sync.update(A, whole(15, { bids: '90:1' }), 0))).toBe('=15');
    expect(textOf(sync)).toBe('90:1 | ');
  });

  it.each([
    ['another line with a lower id', B, 8, ''],
    ['another line with the same id', B, 10, ''],
    ['the same line with the same id', A, 10, ''],
    ['the same line with a lower id', A, 8, '=8'],
    ['another line with the first id after a restart', B, 1, '=1'],
    ['the same line with the first id after a restart', A, 1, '=1'],
  ])('handles a snapshot from %s (line %i, id %i) and returns «%s»', (_, line, id, expected) => {
    const sync = inStep('sent', A);
    sync.joined(B);
    expect(said(sync.update(line, whole(id, { bids: '90:1' }), 0))).toBe(expected);
    expect(textOf(sync)).toBe(expected === '' ? '100:1 | 101:1' : '90:1 | ');
  });

  it('keeps later updates when the second line delivers the restart late', () => {
    const sync = inStep('sent', A, B);
    expect(said(sync.update(A, whole(1, { bids: '90:1' }), 0))).toBe('=1');
    expect(said(sync.update(A, delta(2, 2, { bids: '91:1' }), 0))).toBe('1>2');
    expect(said(sync.update(B, whole(1, { bids: '90:1' }), 0))).toBe('');
    expect(said(sync.update(B, delta(2, 2), 0))).toBe('');
    expect(said(sync.update(B, delta(3, 3), 0))).toBe('2>3');
    expect(said(sync.update(B, whole(1, { bids: '80:1' }), 0))).toBe('=1');
    expect(textOf(sync)).toBe('80:1 | ');
  });

  it('accepts a snapshot with an older id when it is stale', () => {
    const sync = inStep('sent', A);
    sync.update(A, delta(12, 12), 0);
    expect([sync.state, sync.wants]).toEqual(['stale', 'subscription']);
    expect(said(sync.update(B, whole(9, { bids: '90:1' }), 0))).toBe('=9');
  });

  it('returns each newer snapshot once if the venue sends only snapshots', () => {
    const sync = new BookSync({ mode: 'sent' });
    const ids = [5, 5, 8, 7, 9, 9];
    const text = (id: number, index: number) => said(sync.update(index % 2 === 0 ? A : B, whole(id), 0));
    expect(ids.map(text)).toEqual(['=5', '', '=8', '', '=9', '']);
  });
});

describe('BookSync with update ids that restart on a line without earlier ids', () => {
  const late = { timestamp: 15_001, receivedAt: 15_001_000 };
  const early = { timestamp: 15_000, receivedAt: 15_000_000 };

  function at10000(mode: 'fetched' | 'sent', timestamp: number | null): BookSync {
    const sync = inStep(mode, A);
    sync.update(A, delta(11, 5000, { timestamp, receivedAt: 10_000_000 }), 0);
    sync.joined(B);
    return sync;
  }

  it.each([
    ['treats a lower update id as a restart if far later by the venue’s clock', 10_000, late, 'stale'],
    ['ignores a lower update id if no later by the venue’s clock than a line may lag', 10_000, early, ''],
    ['treats a lower update id as a restart if far later by our clock without a venue time', null, late, 'stale'],
    ['ignores a lower update id if no later by our clock than a line may lag', null, early, ''],
    ['ignores a lower update id if far later only by our clock', 10_000, { ...late, timestamp: 10_000 }, ''],
  ])('%s', (_, timestamp, when, expected) => {
    const sync = at10000('fetched', timestamp);
    const update = delta(3, 4, when);
    expect(said(sync.update(B, update, 0))).toBe(expected);
    if (expected === '') return;
    expect([sync.wants, sync.gaps]).toEqual(['snapshot', 0]);
    expect(said(sync.snapshot(whole(3), 0))).toBe('');
    sync.update(B, delta(5, 6, when), 0);
    expect(said(sync.snapshot(whole(4), 0))).toBe('=6');
  });

  it('does not treat the same id as a restart, however late it arrives', () => {
    expect(said(at10000('fetched', 10_000).update(B, delta(5000, 5000, { timestamp: 99_000 }), 0))).toBe('');
  });

  it('accepts a snapshot with a lower id only if it is far later, and drops waiting updates', () => {
    expect(said(at10000('sent', 10_000).update(B, whole(4, early), 0))).toBe('');
    const sync = at10000('sent', 10_000);
    sync.update(B, delta(5000, 5000), 0);
    sync.update(A, delta(5002, 5002), 0);
    expect(said(sync.update(3, whole(4, late), 0))).toBe('=4');
    // The waiting changes belonged to the ids before the restart.
    expect([sync.state, sync.waitingSince]).toEqual(['in_step', undefined]);
  });
});
