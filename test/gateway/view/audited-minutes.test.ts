import { describe, expect, it } from 'vitest';
import type { Audit } from '../../../src/domain/record.ts';
import { AuditedMinutes } from '../../../src/gateway/view/audited-minutes.ts';
import { sampleAudit } from '../../../testing/records/sample-records.ts';

const START = 1_763_712_300_000;
const audit = (minute: number, changes: Partial<Audit> = {}): Audit =>
  sampleAudit({ minute: START + minute * 60_000, ...changes });

function minutesOf(...audits: readonly Audit[]): AuditedMinutes {
  const minutes = new AuditedMinutes();
  for (const each of audits) minutes.add(each);
  return minutes;
}

describe('AuditedMinutes', () => {
  it('is empty without audits', () => {
    expect(new AuditedMinutes().all()).toEqual([]);
  });

  it('has a letter for each minute up to the latest minute of any symbol', () => {
    const gap = audit(1, { symbol: 'SOLUSDT', coin: 'SOL', verdict: 'gap', reason: 'see gaps' });
    const [bitcoin, solana] = minutesOf(
      audit(0, { symbol: 'BTCUSDT', coin: 'BTC', verdict: 'unchecked' }),
      audit(2, { symbol: 'BTCUSDT', coin: 'BTC' }),
      gap,
    ).all();
    expect(bitcoin?.from).toBe(START - 117 * 60_000);
    expect(bitcoin).toMatchObject({ symbol: 'BTCUSDT', coin: 'BTC', verdicts: `${'-'.repeat(117)}u-p` });
    expect(bitcoin?.counts).toMatchObject({ unchecked: 1, proven: 1, gap: 0 });
    expect(solana).toMatchObject({ symbol: 'SOLUSDT', verdicts: `${'-'.repeat(118)}g-`, missing: [gap] });
  });

  it.each([
    ['takes the latest revision', [{ verdict: 'unchecked' }, { revision: 1, verdict: 'proven' }], 'p'],
    [
      'ignores an earlier revision that comes later',
      [{ revision: 1, verdict: 'agrees' }, { verdict: 'unchecked' }],
      'a',
    ],
    ['calls a minute healed if its trades were missing', [{ verdict: 'gap' }, { revision: 1, verdict: 'agrees' }], 'h'],
    [
      'does not call a minute healed if only its candle came late',
      [{ verdict: 'unexplained' }, { revision: 1, verdict: 'agrees' }],
      'a',
    ],
    [
      'takes the worst verdict of the epochs',
      [
        { epoch: 3, verdict: 'gap' },
        { epoch: 4, verdict: 'proven' },
      ],
      'g',
    ],
    [
      'distinguishes venues',
      [
        { venue: 'bybit', verdict: 'gap' },
        { venue: 'binance', revision: 1 },
      ],
      'g',
    ],
  ] as const)('%s', (_name, revisions, letter) => {
    const [only] = minutesOf(...revisions.map((each) => audit(0, each))).all();
    expect(only?.verdicts.at(-1)).toBe(letter);
  });

  it('keeps 120 minutes, and counts all audits by venue and verdict', () => {
    const minutes = minutesOf(...Array.from({ length: 130 }, (_, at) => audit(at, { venue: 'binance' })));
    expect(minutes.all()[0]).toMatchObject({ from: START + 10 * 60_000, verdicts: 'p'.repeat(120) });
    expect(minutes.counts.get('binance')?.get('proven')).toBe(130);
  });

  it('describes the minutes of a symbol over all its epochs, or of one venue', () => {
    const reason = 'the epoch begins inside the minute';
    const minutes = minutesOf(
      audit(0, { venue: 'bybit', epoch: 1, trades: 5, verdict: 'gap', reason: 'see gaps' }),
      audit(0, { venue: 'bybit', epoch: 1, trades: 7, backfilled: 2, revision: 1, verdict: 'agrees' }),
      audit(0, { venue: 'binance', epoch: 2, trades: 3, backfilled: 0, verdict: 'unchecked', reason }),
      audit(1, { symbol: 'SOLUSDT' }),
    );
    const all = { minute: START, verdict: 'unchecked', trades: 10, backfilled: 2, reason };
    expect(minutes.of('BTCUSDT')).toEqual([all]);
    const healed = { minute: START, verdict: 'healed', trades: 7, backfilled: 2, reason: '' };
    expect(minutes.of('BTCUSDT', 'bybit')).toEqual([healed]);
    expect(minutes.of('BTCUSDT', 'binance_us')).toEqual([]);
    expect(minutes.of('ETHUSDT')).toEqual([]);
    expect(minutes.latest).toBe(START + 60_000);
  });
});
