import { type Figures, LOW_RATE, median, type Pace } from './measure.ts';

export interface Circumstances {
  readonly runs: number;
  readonly cores: number;
  readonly node: string;
  readonly pace: Pace;
}

interface Row {
  readonly title: string;
  readonly of: (figures: Figures) => number;
  readonly text: (value: number) => string;
  /** What our median divided by the script's has to be. */
  readonly target?: { readonly text: string; readonly met: (ratio: number) => boolean };
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const tenths = (value: number) => value.toFixed(1);
const hundredths = (value: number) => value.toFixed(2);

const ROWS: readonly Row[] = [
  {
    title: 'sustained trades/s',
    of: ({ sustained }) => sustained,
    text: whole,
    target: { text: '≥ 0.7', met: (ratio) => ratio >= 0.7 },
  },
  {
    title: `p50 at ${LOW_RATE}/s, ms`,
    of: ({ p50 }) => p50,
    text: hundredths,
    target: { text: '≤ 1.0', met: (ratio) => ratio <= 1 },
  },
  { title: `p99 at ${LOW_RATE}/s, ms`, of: ({ p99 }) => p99, text: tenths },
  { title: `p99.9 at ${LOW_RATE}/s, ms`, of: ({ p999 }) => p999, text: tenths },
  { title: 'CPU µs a trade, at best', of: ({ cpuAtBest }) => cpuAtBest, text: tenths },
  { title: `CPU µs a trade, at ${LOW_RATE}/s`, of: ({ cpuAtLow }) => cpuAtLow, text: whole },
  { title: `MiB resident, at ${LOW_RATE}/s`, of: ({ memoryAtLow }) => memoryAtLow, text: whole },
  { title: 'MiB resident, peak', of: ({ memoryPeak }) => memoryPeak, text: whole },
  { title: 'trades sent', of: ({ sent }) => sent, text: whole },
  { title: 'trades lost', of: ({ lost }) => lost, text: whole },
  { title: 'repeated or out of order', of: ({ repeated }) => repeated, text: whole },
];

/** Rows that are no figures of speed: a ratio of them says nothing. */
const NO_RATIO = new Set(['trades sent', 'trades lost', 'repeated or out of order']);

/** Markdown: for each program median (lowest–highest), and the ratio of the medians. */
export function table(results: Readonly<Record<string, readonly Figures[]>>): string {
  const names = Object.keys(results);
  const rows = ROWS.map(({ title, of, text, target }) => {
    const values = names.map((name) => (results[name] ?? []).map(of));
    const [script = Number.NaN, ours = Number.NaN] = ['script', 'ours'].map((name) =>
      median((results[name] ?? []).map(of)),
    );
    const ratio = ours / script;
    const compared = !NO_RATIO.has(title) && Number.isFinite(ratio);
    const verdict =
      target === undefined || !compared ? '' : `${target.text} ${target.met(ratio) ? 'met' : '**missed**'}`;
    return [title, ...values.map((list) => spread(list, text)), compared ? hundredths(ratio) : '', verdict];
  });
  return markdown([['', ...names, 'ours / script', 'target'], ...rows]);
}

function spread(values: readonly number[], text: (value: number) => string): string {
  const lowest = text(Math.min(...values));
  const highest = text(Math.max(...values));
  return lowest === highest ? lowest : `${text(median(values))} (${lowest}–${highest})`;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}

export function document(
  results: Readonly<Record<string, readonly Figures[]>>,
  { runs, cores, node, pace }: Circumstances,
): string {
  return `# Performance

Written by \`make bench\`; not to be edited. Absolute figures are of one machine on one day, with everything on the same
cores: the ratios are what counts, and only within one run of the benchmark.

${table(results)}

Median of ${runs} runs (lowest–highest), the programs in turn. ${cores} cores, Node ${node}.

- **The work**: 20 symbols of Binance's \`@trade\` stream over one WebSocket from the simulator (\`src/simulator\`, a
  process of its own, bursts included) to the topic \`trades\` of one Kafka broker: \`schemas/trade-event.avsc\` in Avro
  single-object encoding, keyed by symbol, 4 partitions, no compression, acknowledged by all replicas (one).
- **script**: [bench/baseline/script.ts](../bench/baseline/script.ts): ws, JSON.parse, avsc, kafkajs, one batch every
  5 ms or as soon as the last one is through. It checks nothing.
- **ours**: \`market-feed run\` with one venue and one line, everything else as it is by default: every field
  validated, the sequence of ids checked, duplicates dropped, staleness watched, failover ready, exact decimals,
  idempotent producer with one batch in flight; price ticks, positions and status go to their own topics beside.
- **sustained**: the highest rate of a ramp that was held for ${pace.holdMs / 1000} s: at its end no more than 250 ms of
  trades under way, and no growth. The next rate that did not hold is some 5 % higher.
- **p50, p99**: from the simulator's send to a consumer of its own process that reads the broker by socket
  ([bench/consumer.ts](../bench/consumer.ts)), at ${LOW_RATE.toLocaleString('en-US')} trades a second. The simulator's time is in whole
  milliseconds, cut off; half of one is taken off for that.
- **CPU**: user and system time of all threads of the program, by the operating system, over the trades delivered.
- **lost**: sent to the program and never seen by the consumer, over the whole run with its overloads.
`;
}
