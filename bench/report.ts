/** The tables, texts and the chart of docs/performance.md that compare the programs of `make bench`. */
import { barChart } from './chart.ts';
import { type AtRate, LOW_RATE, type Measurement, median, QUIET_RATE } from './measure.ts';
import type { TargetResult } from './part.ts';
import { CRYPTOFEED, isOurs, SCRIPT } from './programs.ts';
import type { Comparison, Results, StoredResults } from './stored-results.ts';

/** Limit for a program's value divided by the script's. */
type Target = { readonly atLeast: number } | { readonly atMost: number };

interface Row {
  readonly title: string;
  readonly of: (measurement: Measurement) => number;
  readonly text: (value: number) => string;
  /** Targets by program. Undefined: the value is no measure of speed, so the table shows no ratio. */
  readonly targets?: Readonly<Record<string, Target>>;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const tenths = (value: number) => value.toFixed(1);
const hundredths = (value: number) => value.toFixed(2);
/** The title of a row without its unit, because a ratio has none. */
const withoutUnit = (title: string) => title.replace(/, (?:ms|µs|MiB)$/, '');
const alike = (target: Target) => ({ 'kafkajs-1': target, 'platformatic-1': target });

/** The rows of a rate that every program holds. */
function rowsAt(rate: number, of: (measurement: Measurement) => AtRate): readonly Row[] {
  const at = `at ${rate} trades/s`;
  return [
    { title: `p50 latency ${at}, ms`, of: (one) => of(one).p50, text: hundredths, targets: alike({ atMost: 0.5 }) },
    { title: `p99 latency ${at}, ms`, of: (one) => of(one).p99, text: tenths, targets: alike({ atMost: 0.7 }) },
    { title: `p99.9 latency ${at}, ms`, of: (one) => of(one).p999, text: tenths, targets: {} },
    {
      title: `CPU of a trade ${at}, µs`,
      of: (one) => of(one).cpu,
      text: whole,
      targets: { 'kafkajs-1': { atMost: 1 }, 'platformatic-1': { atMost: 0.8 } },
    },
  ];
}

const ROWS: readonly Row[] = [
  {
    title: 'sustained trades/s',
    of: ({ sustained }) => sustained,
    text: whole,
    targets: { 'kafkajs-1': { atLeast: 1 }, 'platformatic-1': { atLeast: 2 }, 'platformatic-2': { atLeast: 1.3 } },
  },
  { title: 'trades/s under overload', of: ({ overloaded }) => overloaded, text: whole, targets: {} },
  ...rowsAt(LOW_RATE, ({ everyday }) => everyday),
  {
    title: `CPU of a trade at ${LOW_RATE} trades/s, warm, µs`,
    of: ({ warmCpu }) => warmCpu,
    text: whole,
    targets: {},
  },
  ...rowsAt(QUIET_RATE, ({ quiet }) => quiet),
  { title: 'CPU of a trade at the sustained rate, µs', of: ({ cpuAtBest }) => cpuAtBest, text: tenths, targets: {} },
  {
    title: 'CPU of a trade at the sustained rate, other programs, µs',
    of: ({ othersAtBest }) => othersAtBest,
    text: tenths,
    targets: {},
  },
  {
    title: `resident memory at ${QUIET_RATE} trades/s, MiB`,
    of: ({ memoryAtLow }) => memoryAtLow,
    text: whole,
    targets: {},
  },
  { title: 'highest resident memory, MiB', of: ({ memoryPeak }) => memoryPeak, text: whole, targets: {} },
  { title: 'trades sent', of: ({ sent }) => sent, text: whole },
  { title: 'trades lost', of: ({ lost }) => lost, text: whole },
  { title: 'trades repeated or out of order', of: ({ repeated }) => repeated, text: whole },
];

/**
 * Text that compares two amounts of CPU a trade: what all cores have at `times` the script's rate, and what program
 * `name` needs at its sustained rate. Empty if one was not measured.
 */
export function cpuBudgetText(results: Results, name: string, times: number, cores: number): string {
  const rounds = (results[name] ?? []).flatMap((measurement, round) => {
    const script = results[SCRIPT]?.[round];
    return measurement === undefined || script === undefined ? [] : [{ measurement, script }];
  });
  if (rounds.length === 0) return '';
  const middle = (of: (round: (typeof rounds)[number]) => number) => tenths(median(rounds.map(of)));
  const busy = ({ cpuAtBest, othersAtBest, sustained }: Measurement) => ((cpuAtBest + othersAtBest) * sustained) / 1e6;
  return `- **The cores**: all programs share the ${cores} cores. At ${times} times the script's sustained rate, the ${cores} cores have ${middle(({ script }) => (cores * 1e6) / (times * script.sustained))} µs of CPU for each trade.
  At its own sustained rate, ${name} needs ${middle(({ measurement }) => measurement.cpuAtBest)} µs of them: ${middle(({ measurement }) => (measurement.cpuAtBest * measurement.sustained) / 1e6)} cores. It has one main thread, so a second core helps little.
  The other programs (simulator, broker, consumer, the bench) need ${middle(({ measurement }) => measurement.othersAtBest)} µs. Then ${middle(({ measurement }) => busy(measurement))} cores are busy.
  With the script at its sustained rate, ${middle(({ script }) => busy(script))} cores are busy.
`;
}

/** Our pipeline must sustain at least this many times cryptofeed's rate. */
const TIMES_CRYPTOFEED = 40;

/** The ratios between programs that have a target. */
export function targetResultsOf(results: Results): readonly TargetResult[] {
  const found = ROWS.flatMap(({ title, of, targets = {} }) =>
    Object.entries(targets).flatMap(([name, target]): TargetResult[] => {
      if (results[name] === undefined || results[SCRIPT] === undefined) return [];
      return [
        targetResult(`${withoutUnit(title)}, ${name} divided by ${SCRIPT}`, ratioOf(results, name, SCRIPT, of), target),
      ];
    }),
  );
  if (results[CRYPTOFEED] === undefined || results['platformatic-1'] === undefined) return found;
  const times = ratioOf(results, 'platformatic-1', CRYPTOFEED, ({ sustained }) => sustained);
  const title = `sustained trades/s, platformatic-1 divided by ${CRYPTOFEED}`;
  return [...found, targetResult(title, times, { atLeast: TIMES_CRYPTOFEED })];
}

function targetResult(title: string, ratio: number, target: Target): TargetResult {
  const [sign, limit, met] =
    'atLeast' in target ? ['≥', target.atLeast, ratio >= target.atLeast] : ['≤', target.atMost, ratio <= target.atMost];
  return { measured: title, found: hundredths(ratio), target: `${sign} ${limit}`, met: Boolean(met) };
}

function roundsOf(results: Results, name: string): readonly Measurement[] {
  return (results[name] ?? []).filter((measurement) => measurement !== undefined);
}

/**
 * The median of the ratios of each round. The machine's speed drifts over minutes, but is nearly equal within a round.
 */
function ratioOf(results: Results, name: string, other: string, of: Row['of']): number {
  const others = results[other] ?? [];
  return median(
    (results[name] ?? []).flatMap((measurement, round) => {
      const beside = others[round];
      return measurement === undefined || beside === undefined ? [] : [of(measurement) / of(beside)];
    }),
  );
}

/** A Markdown table: for each program the median (lowest–highest), and the median of its ratios to the script. */
export function table(results: Results): string {
  const names = Object.keys(results);
  const values = ROWS.map(({ title, of, text }) => [
    title,
    ...names.map((name) => spread(roundsOf(results, name).map(of), text)),
  ]);
  const ours = names.filter((name) => name !== SCRIPT);
  const ratios = ROWS.flatMap((row) =>
    row.targets === undefined ? [] : [[withoutUnit(row.title), ...ours.map((name) => ratioText(results, name, row))]],
  );
  const tables = [markdown([['', ...names], ...values])];
  if (ours.length < names.length)
    tables.push(markdown([['ratio to the script in the same round', ...ours], ...ratios]));
  return tables.join('\n\n');
}

/** The table that a reader sees first: a row for each program, the medians of the most important values. */
export function shortTable(results: Results): string {
  const titles = ['program', 'trades/s', 'p50, ms', 'p99, ms', 'CPU of a trade, µs', 'memory, MiB'];
  const rows = Object.keys(results).map((name) => {
    const middle = (of: Row['of'], text: Row['text']) => text(median(roundsOf(results, name).map(of)));
    return [
      isOurs(name) ? `**${nameOf(name)}**` : name,
      middle(({ sustained }) => sustained, whole),
      middle(({ everyday }) => everyday.p50, tenths),
      middle(({ everyday }) => everyday.p99, tenths),
      middle(({ everyday }) => everyday.cpu, whole),
      middle(({ memoryAtLow }) => memoryAtLow, whole),
    ];
  });
  return markdown([titles, ...rows]);
}

/** The chart of the programs, as SVG. */
export function chart(results: Results): string {
  const columns = [
    { title: 'trades a second', text: whole, of: ({ sustained }: Measurement) => sustained },
    { title: 'p50 latency, ms', text: tenths, of: ({ everyday }: Measurement) => everyday.p50 },
    { title: 'CPU of a trade, µs', text: whole, of: ({ everyday }: Measurement) => everyday.cpu },
  ];
  return barChart(
    columns,
    Object.keys(results).map((name) => ({
      program: nameOf(name),
      isOurs: isOurs(name),
      values: columns.map(({ of }) => median(roundsOf(results, name).map(of))),
    })),
  );
}

/** The program's name for a reader; `-1` and `-2` are its lines. */
function nameOf(name: string): string {
  return isOurs(name) ? `market-feed, ${name}` : name;
}

function ratioText(results: Results, name: string, { of, targets }: Row): string {
  const ratio = ratioOf(results, name, SCRIPT, of);
  const target = targets?.[name];
  if (target === undefined) return hundredths(ratio);
  const { found, target: limit, met } = targetResult('', ratio, target);
  return `${found} (${limit} ${met ? 'met' : '**missed**'})`;
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

/** A Markdown table with one row for each target. `earlier`: the day, if it was measured on an earlier one. */
export function targetTable(targets: readonly (TargetResult & { readonly earlier?: string })[]): string {
  const rows = targets.map(({ measured: title, found, target, met, earlier }) => [
    title,
    found,
    target,
    `${met ? 'met' : '**missed**'}${earlier === undefined ? '' : ` (${earlier})`}`,
  ]);
  return markdown([['measured', 'found', 'target', 'result'], ...rows]);
}

/** Sentences that compare the program with the script. Empty if one of them was not measured. */
function inWords({ results, pace }: Comparison, name: string): string {
  if (results[name] === undefined || results[SCRIPT] === undefined) return '';
  const times = (of: Row['of']) => hundredths(ratioOf(results, name, SCRIPT, of));
  return `
Compared with the script, **${name}** holds ${times(({ sustained }) => sustained)} times as many trades a second, with ${times(({ everyday }) => everyday.p50)} of its p50 latency.
At ${LOW_RATE} trades a second, it takes ${times(({ everyday }) => everyday.cpu)} times as much CPU in its first ${pace.everydayMs / 1000} s, the start included.
In the last ${pace.everydayMs / 3000} s of this time, it takes ${times(({ warmCpu }) => warmCpu)} times as much.
`;
}

export function document({ comparison, parts: byFile }: StoredResults): string {
  const { results, missing, day, runs, cores, node, pace } = comparison;
  const parts = Object.values(byFile);
  const earlier = (ofPart: string) => (ofPart === day ? {} : { earlier: ofPart });
  return `# Performance

Use this page to compare the speed of the feed with other programs, and to see which targets are missed. \`make bench\`
writes it in some two hours; do not edit it. \`make bench ARGS=--quick\` is a rough, shorter run that writes nothing. All programs
ran on the same cores of one machine, so compare only ratios of one run of the benchmark. [speed.md](speed.md) explains the missed
targets.

## In short

Each program sends the trades of 20 symbols from a simulated Binance to Kafka. market-feed runs with each of its two Kafka
clients, kafkajs (the default) and platformatic. A name ends with the number of connections to the venue. By default, there are two.
${inWords(comparison, 'kafkajs-1')}
![trades a second, latency and CPU of a trade, by program](performance.svg)

${shortTable(results)}

- **trades/s**: the highest rate that the program holds. More is better; of all other values, less is better.
- **p50, p99, CPU of a trade**: at ${LOW_RATE} trades a second, in the first ${pace.everydayMs / 1000} s after the start. Latency is the time from the venue to
  a consumer of the topic. CPU includes the start of the program.
- **memory**: resident, after ${pace.everydayMs / 1000} s at ${LOW_RATE} and ${pace.quietMs / 1000} s at ${QUIET_RATE} trades a second.

## Targets

${targetTable([
  ...targetResultsOf(results),
  ...parts.flatMap(({ targets, day: ofPart }) => targets.map((target) => ({ ...target, ...earlier(ofPart) }))),
])}
${parts.some(({ day: ofPart }) => ofPart !== day) ? '\nA value with a date is from an earlier day, and may be from an earlier version.\n' : ''}
## The whole pipeline compared with other programs

${table(results)}
${missing.map((line) => `\n${line}\n`).join('')}
The values are medians of ${runs} runs, with the lowest and the highest value in brackets. In each round, every program runs once.
A ratio is the median of the ratios of the rounds. The machine has ${cores} cores and Node ${node}. Measured on ${day}.

The programs:

- **script**: a short program with ws, JSON.parse, avsc and kafkajs ([bench/baseline/script.ts](../bench/baseline/script.ts)).
  It sends a batch every 5 ms, or as soon as the last one is acknowledged. It checks nothing.
- **kafkajs-1**, **kafkajs-2**: \`market-feed run\` with \`kafka.client: kafkajs\`, one venue, and one or two lines (connections with
  the same subscriptions). With two lines, every trade arrives twice and is published once. All other settings are the
  defaults: kafkajs waits at least 3 ms between two small batches, platformatic 5 ms. After a longer pause, a trade is sent at once.
  Part of the difference in latency comes from this.
- **platformatic-1**, **platformatic-2**: \`market-feed run\` with \`kafka.client: platformatic\` and one or two lines.
- **go**: the same work as the script, in Go with gorilla/websocket, hamba/avro and franz-go
  ([bench/peers/go/trades.go](../bench/peers/go/trades.go)). franz-go sends a batch every 5 ms.
- **tardis**: [tardis-dev's own Binance connection](../bench/peers/tardis-trades.ts) with its normalized trades. kafkajs sends them
  every 5 ms, as JSON.
- **ccxt**: [ccxt's own Binance connection](../bench/peers/ccxt-trades.ts). kafkajs sends the trades every 5 ms, as JSON.
- **cryptofeed**: [cryptofeed's own Binance connection and Kafka backend](../bench/peers/simulated_binance.py), which writes
  JSON to one partition.

The work of each program:

- **Input**: trades of 20 symbols from Binance's \`@trade\` stream. A simulator (\`src/simulator\`) in another process sends them
  over WebSockets, also in bursts.
- **Output**: records of \`schemas/trade-event.avsc\` in Avro single-object encoding, in the topic \`trades\` of one Kafka broker.
  The topic has 4 partitions, and the key is the symbol. Records are not compressed. The broker is the only
  replica, and acknowledges them. Only tardis, ccxt and cryptofeed write JSON instead.
- **More work of \`market-feed run\`**: it validates every field, checks the sequence of ids, drops duplicates, and watches for
  stale data. It also writes price ticks, positions and status to their topics.

The values:

- **sustained trades/s**: the highest rate that the program held for ${pace.holdMs / 1000} s. It holds a rate if at most 250 ms of
  trades are in flight at the end of this time, and their number does not grow.
  The program did not hold the next rate, about 5 % higher, in two attempts.
- **trades/s under overload**: how many trades a second the consumer received at rates that the program did not hold. This is less
  than the sustained rate if a backlog makes the program slower.
- **latency**: the time from the simulator's send until a consumer in another process has the record
  ([bench/consumer.ts](../bench/consumer.ts)). The simulator cuts its times to whole milliseconds, so 0.5 ms is
  subtracted from each latency.
- **at ${LOW_RATE} trades/s**: from the first trade after the start of the process, for ${pace.everydayMs / 1000} s. The CPU includes the start.
- **warm**: the last ${pace.everydayMs / 3000} s of this time.
- **at ${QUIET_RATE} trades/s**: the next ${pace.quietMs / 1000} s.
- **CPU of a trade**: user and system time of all threads of the program, as the operating system counts it, divided
  by the number of delivered trades. *Other programs* are the simulator, the broker, the consumer and the bench.
${cpuBudgetText(results, 'platformatic-1', 2, cores)}- **trades lost**: trades that the simulator sent and the consumer never received, in the whole run.

${parts.map(({ title, text, day: ofPart }) => `## ${title}\n\n${text}\n${ofPart === day ? '' : `\nMeasured on ${ofPart}.\n`}`).join('\n')}`;
}
