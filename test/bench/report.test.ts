import { describe, expect, it } from 'vitest';
import type { Measurement } from '../../bench/measure.ts';
import { chart, cpuBudgetText, document, shortTable, targetResultsOf } from '../../bench/report.ts';
import { fromJson, type StoredResults } from '../../bench/stored-results.ts';

const measurement = (sustained: number): Measurement => ({
  ...({
    sustained,
    overloaded: sustained / 2,
    topReached: false,
    cpuAtBest: 10,
    othersAtBest: 12,
    everyday: { cpu: 80, p50: 3, p99: 7, p999: 11 },
    warmCpu: 60,
    quiet: { cpu: 300, p50: 3, p99: 7, p999: 11 },
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
    expect(text).toContain('platformatic-1 needs 5.0 µs of them: 0.8 cores.');
    expect(text).toContain('(simulator, broker, consumer, the bench) need 9.0 µs. Then 2.1 cores are busy.');
    expect(text).toContain('With the script at its sustained rate, 4.4 cores are busy.');
    expect(cpuBudgetText({ script: [measurement(100)] }, 'platformatic-1', 2, 4)).toBe('');
  });

  it('begins with a row for each program', () => {
    const rows = shortTable({ script: [measurement(90_000)], 'kafkajs-1': [measurement(150_000)] }).split('\n');
    const cells = rows.slice(2).map((row) => row.split('|').map((cell) => cell.trim()));
    expect(cells).toEqual([
      ['', 'script', '90,000', '3.0', '7.0', '80', '100', ''],
      ['', '**market-feed, kafkajs-1**', '150,000', '3.0', '7.0', '80', '100', ''],
    ]);
  });

  it('draws a bar for each value, the longest one for the highest', () => {
    const svg = chart({ script: [measurement(100_000)], 'kafkajs-1': [measurement(200_000)] });
    const bars = [...svg.matchAll(/<rect( class="ours")? x="(\d+)" y="\d+" width="([\d.]+)"/g)];
    expect(bars.map(([, ours, x, width]) => [ours !== undefined, Number(x), Number(width)])).toEqual([
      ...[220, 450, 680].map((x, column) => [false, x, column === 0 ? 73 : 146]),
      ...[220, 450, 680].map((x) => [true, x, 146]),
    ]);
    expect(svg).toContain('>200,000</text>');
  });

  it('is the same after its results were stored, with failed rounds and values that were not measured', () => {
    const stored: StoredResults = {
      comparison: {
        ...{ day: '2026-11-27', runs: 2, cores: 2, node: 'v24.0.0', missing: ['go is left out: go is not installed'] },
        pace: { everydayMs: 30_000, quietMs: 10_000, settleMs: 800, holdMs: 2500, refinements: 3 },
        results: {
          script: [measurement(90_000), measurement(80_000)],
          'platformatic-1': [undefined, { ...measurement(400_000), overloaded: Number.NaN }],
        },
      },
      parts: {
        'memory/demo.ts': {
          day: '2026-11-28',
          title: 'Memory of the demo',
          text: 'It is small.',
          targets: [{ measured: 'size', found: '3', target: '≤ 2', met: false }],
        },
      },
    };
    const page = document(stored);
    expect(page).toContain('## Memory of the demo\n\nIt is small.\n\nMeasured on 2026-11-28.');
    expect(page).toContain('| platformatic-1');
    expect(page).toContain('**missed** (2026-11-28)');
    expect(document(fromJson(JSON.stringify(stored)))).toBe(page);
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
