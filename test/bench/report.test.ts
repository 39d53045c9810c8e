import { describe, expect, it } from 'vitest';
import type { Measurement } from '../../bench/measure.ts';
import { cpuBudgetText, targetResultsOf } from '../../bench/report.ts';

const measurement = (sustained: number): Measurement => ({
  ...({
    sustained,
    overloaded: sustained / 2,
    topReached: false,
    cpuAtBest: 10,
    cpuAtLow: 80,
    othersAtBest: 12,
    p50: 3,
    p99: 7,
    p999: 11,
  } as const),
  ...({ memoryAtLow: 100, memoryPeak: 200, sent: 1, lost: 0, repeated: 0 } as const),
});
const found = (results: Parameters<typeof targetResultsOf>[0], title: string) =>
  targetResultsOf(results).find(({ measured }) => measured.startsWith(title));

describe('the report of the benchmark', () => {
  it('compares the results of the same round with each other', () => {
    const results = {
      script: [measurement(100), measurement(10), measurement(40)],
      'kafkajs-1': [measurement(110), measurement(12), measurement(20)],
    };
    expect(found(results, 'sustained trades/s, kafkajs-1')).toMatchObject({ found: '1.10', met: true });
  });

  it("shows the CPU that the cores have for each trade at a multiple of the script's rate", () => {
    const results = {
      script: [measurement(200_000)],
      'platformatic-1': [{ ...measurement(150_000), cpuAtBest: 5, othersAtBest: 9 }],
    };
    const text = cpuBudgetText(results, 'platformatic-1', 2, 4).replaceAll(/\s+/g, ' ');
    expect(text).toContain('the 4 cores have 10.0 µs of CPU for each trade');
    expect(text).toContain('platformatic-1 needs 5.0 µs of them.');
    expect(text).toContain('(simulator, broker, consumer, the bench) need 9.0 µs. Then 2.1 cores are busy.');
    expect(text).toContain('With the script at its best rate, 4.4 cores are busy.');
    expect(cpuBudgetText({ script: [measurement(100)] }, 'platformatic-1', 2, 4)).toBe('');
  });

  it('leaves out a round in which one of the two programs failed', () => {
    const results = {
      'platformatic-1': [measurement(100), measurement(100), measurement(90)],
      cryptofeed: [measurement(2), undefined, measurement(3)],
    };
    expect(found(results, 'sustained trades/s, platformatic-1 divided by cryptofeed')).toMatchObject({
      found: '40.00',
      met: true,
    });
  });
});
