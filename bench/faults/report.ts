/** Writes the results of the fault matrix as Markdown, for docs/fault-matrix.md. */
import { misses, type Outcome, type Row } from './row.ts';

/** A row and its outcome. */
export interface Played {
  readonly row: Row;
  /** Why the row was not played. */
  readonly skipped?: string;
  readonly outcome?: Outcome;
  /** True for a second run, after the first one was too slow. */
  readonly again?: boolean;
}

export interface Circumstances {
  readonly cores: number;
  readonly node: string;
  readonly kafka: string;
  readonly date: string;
  readonly atOnce: number;
  readonly minutes: number;
}

const HEAD = [
  ...[
    'fault',
    'active venue',
    'standby',
    'affected lines',
    'noticed after, ms',
    'data again after, ms',
    'halted after, ms',
  ],
  ...['lost', 'in gaps', 'duplicated', 'out of order', 'epochs', 'verdict'],
];
/** Columns with numbers. */
const RIGHT_ALIGNED = new Set([4, 5, 6, 7, 8, 9, 10, 11]);

/** True if a row met its expectation, or could not be played. */
export function isGood({ row, outcome, skipped }: Played): boolean {
  if (outcome === undefined) return skipped !== undefined;
  const { wrong, slow } = misses(row, outcome);
  return wrong.length === 0 && slow.length === 0;
}

export function verdictText(played: Played): string {
  const { row, outcome, skipped, again } = played;
  if (outcome === undefined) return `not played: ${skipped}`;
  const { wrong, slow } = misses(row, outcome);
  if (wrong.length + slow.length > 0) return `**missed**: ${[...wrong, ...slow].join(', ')}`;
  const good = row.expected.notDetectable === true ? 'not detectable' : 'ok';
  return again === true ? `${good} (second run)` : good;
}

/** The rows as a Markdown table. */
export function table(rows: readonly Played[]): string {
  return markdown([HEAD, ...rows.map(cells)]);
}

/** The first columns of a row, which say what it tests. */
function subjectOf({ fault, venues, cut }: Row): string[] {
  const [active = '', standby = '–'] = venues;
  return [fault, active, standby, cut];
}

function cells(played: Played): string[] {
  const { row, outcome } = played;
  const about = subjectOf(row);
  if (outcome === undefined) return [...about, ...new Array<string>(8).fill(''), verdictText(played)];
  const { verdict, noticedAfterMs, withoutDataMs, guard } = outcome;
  return [
    ...about,
    noticedAfterMs === undefined ? '–' : whole(noticedAfterMs),
    Number.isFinite(withoutDataMs) ? whole(withoutDataMs) : 'never',
    guard?.haltedAfterMs === undefined ? 'not needed' : whole(guard.haltedAfterMs),
    ...[
      verdict.lost + verdict.undetectable,
      verdict.inGaps,
      verdict.duplicated,
      verdict.outOfOrder,
      verdict.epochs,
    ].map(whole),
    verdictText(played),
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const padded = (text: string, column: number) =>
    RIGHT_ALIGNED.has(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  const line = (row: readonly string[]) => `| ${row.map(padded).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = widths.map((width, column) =>
    RIGHT_ALIGNED.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}

/**
 * Replaces the page's rows that were played again, and adds rows that the page lacks, in the order of `all`. Returns
 * the page unchanged if its table has other columns.
 */
export function replaceRows(page: string, rows: readonly Played[], all: readonly Row[]): string {
  const isRow = (line: string) => line.startsWith('|') && !line.startsWith('| --');
  const lines = page.split('\n');
  const first = lines.findIndex(isRow);
  const last = lines.findLastIndex(isRow);
  if (cellsOf(lines[first] ?? '').join('|') !== HEAD.join('|')) return page;
  const nameOf = (columns: readonly string[]) => columns.slice(0, 4).join('|');
  const known = [
    ...lines
      .slice(first + 1, last + 1)
      .filter(isRow)
      .map(cellsOf),
    ...rows.map(cells),
  ];
  const byName = new Map(known.map((columns) => [nameOf(columns), columns]));
  const listed = all.flatMap((row) => [byName.get(nameOf(subjectOf(row)))].filter((columns) => columns !== undefined));
  const verdicts = listed.map((columns) => columns.at(-1) ?? '').filter((verdict) => !verdict.startsWith('not played'));
  const good = verdicts.filter((verdict) => !verdict.startsWith('**')).length;
  return [...lines.slice(0, first), markdown([HEAD, ...listed]), ...lines.slice(last + 1)]
    .join('\n')
    .replace(/\d+ of \d+ rows are/, `${good} of ${verdicts.length} rows are`);
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

export function document(rows: readonly Played[], about: Circumstances): string {
  const { cores, node, kafka, date, atOnce, minutes } = about;
  const good = rows.filter((played) => played.outcome !== undefined && isGood(played)).length;
  const skipped = rows.filter(({ outcome }) => outcome === undefined).length;
  return `# Fault matrix

Use this page to see how the feed behaves under each fault. \`make faults\` writes it; do not edit it. Each row injects one
fault into the whole pipeline while trades continue. ${good} of ${rows.length - skipped} rows are as required${skipped === 0 ? '' : `; ${skipped} could not be run here`}.
[What the columns mean](#what-the-columns-mean) follows the table.

${table(rows)}

## How it was measured

- \`make faults\` runs all rows and writes this page.
- \`make faults ARGS="--list"\` prints the names of the rows.
- \`make faults ARGS="--only close-both/binance"\` runs one row and replaces it in the table.

Measured on ${date} with ${cores} cores, Node ${node} and Kafka ${kafka}. It took ${minutes} minutes, with ${atOnce} rows at a time.

Each row is a separate run of these processes:

- \`market-feed run\`, with two lines (connections with the same subscriptions) for each venue
- the simulated venues ([src/simulator](../src/simulator)), which write every trade to a journal
- a real Kafka broker
- a consumer that reads the topics and uses the [trading guard](trading-guard.md)

The fault begins after everything has run for two seconds. The run ends when all lines are connected and the first venue serves
again. Then the journal is compared with the records that were published
([testing/judges/trade-judge.ts](../testing/judges/trade-judge.ts)).

Each venue makes 600 trades a second of three symbols. In the rows *broker away*, it makes 8,000, so that the records do not fit
into memory.

Three settings are shorter than their defaults, so that each row includes the switch back to the first venue. They are
\`fail_back_after_ms\` (2,000), \`coin_stale_after_ms\` (5,000) and the longest delay before a reconnect (4,000 ms).

## What the columns mean

- **active venue** and **standby**: the venue that serves when the fault begins, and the venue that is ready to replace it.
  –: there is no standby.
- **affected lines**: how many of the active venue's two lines have the fault.
- **noticed after**: the time from the fault to the first \`feed-status\` record that reports it. –: no report is
  required.
- **data again after**: the longest time between two live trades of the venue that serves, as the broker stored them, from
  the fault to the end of the run. If only one symbol gets no data, only its trades count.
- **halted after**: the time from the fault until the consumer's trading guard halts a symbol
  ([the rule](trading-guard.md#the-rule)). *not needed*: the symbol's data stayed fresh.
- **lost**: trades that are neither published nor inside a published gap. Trades before the first or after the last
  published trade of a venue's turn do not count.
- **in gaps**: missing trades that a record of the topic \`gaps\` reports.
- **duplicated** and **out of order**: published trades that appear twice, or after a later trade of their venue, symbol and epoch.
- **epochs**: how many times a venue began to serve a symbol, for the symbol with the most.

## What the verdicts mean

**ok**: the row meets all of these requirements.

- **Trades.** Nothing is repeated, out of order or lost. Trades are in gaps only if that is unavoidable.
- **Gaps and status.** Every gap has true bounds and is written before the trade after it. Every epoch is announced before its
  first trade. No status record is missing.
- **Paper trading.** The consumer trades on paper whenever the guard allows it. It never trades at a price of 5 s or older, at a
  testnet price, or within a minute of an unrepaired gap.
- **Halts.** The guard halts each affected symbol within 250 ms (with files: 1,750 ms) after a price or a heartbeat becomes too
  old, the feed reports a halt, or an unrepaired gap is stored.
- **Data.** With a standby, data comes again within 1,000 ms after a close or a refusal, and within 5,500 ms if a venue sends no
  data. For one symbol, the limit is 12 s, or 14 s if its venue halts it. For the channel \`trade\`, it is 22 s. After the
  broker was killed, it is 30 s, and after it was stopped for 60 s, 75 s.

**not detectable**: the row is as required, but trades are lost. Bybit's trade ids jump, so a trade that no
line delivered cannot be detected.
`;
}
