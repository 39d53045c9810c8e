import { misses, type Outcome, type Row } from './row.ts';

/** A row and its outcome. */
export interface Played {
  readonly row: Row;
  /** Why it was not played. */
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
  ...['fault', 'active venue', 'standby', 'lines cut', 'noticed after, ms', 'data again after, ms', 'halted after, ms'],
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

/** The first columns of a row, which name it. */
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
 * Replaces the rows of the page that were played again, and adds those that it lacks, in the order of `all`. Returns the
 * page unchanged if its table has other columns.
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

${table(rows)}

## How it was measured

\`make faults\` runs all rows. \`make faults ARGS="--only close-both/binance"\` runs one row again and puts it into the
table; \`--list\` prints the names. Measured ${date}, ${cores} cores, Node ${node}, Kafka ${kafka}, ${atOnce} rows
at a time, ${minutes} minutes.

Each row is a separate run with these processes:

- \`market-feed run\`, with two lines for each venue and the standby ready
- the simulated venues ([src/simulator](../src/simulator)), with a journal of every trade that they make
- a real broker
- a consumer of the topics with the trading guard

The fault begins after everything has run for two seconds. The run ends when the feed is in the same state as before the
fault. Then the journal is compared with the stored records of all topics (\`read_committed\`). Within a venue, symbol
and epoch, each trade must be there once and in order, or inside a published gap with true bounds
([testing/judges/trade-judge.ts](../testing/judges/trade-judge.ts)).

Each venue makes 600 trades a second of three symbols. In rows in which the records must not fit into memory while the
broker is away, it makes 8,000. Three settings are shorter than the defaults, so that each row includes the failback:
\`fail_back_after_ms\` is 2,000, \`coin_stale_after_ms\` 5,000, and the longest delay before a reconnect 4 s.

## What the columns mean

- **noticed after**: the time from the fault to the first \`feed-status\` record that reports it; – if nothing has to be
  reported.
- **data again after**: the longest time between two live trades of the active stream, as the broker stored them. It is
  measured from just before the fault to the end, including the failback. If the fault concerns one symbol, only its
  trades count.
- **halted after**: the time from the fault until a consumer's trading guard ([the rule](trading-guard.md#the-rule))
  halts a symbol. The consumer reads the topics in another process. *not needed*: the symbol's data stayed fresh.
- **lost**: trades of the serving venue that are neither published nor inside a published gap. They lie between the
  first and the last published trade of an epoch, or between consecutive epochs of one venue.
- **in gaps**: missing trades inside a record of the topic \`gaps\`.
- **epochs**: number of epochs of the symbol that has the most.

## What the verdicts mean

**ok** means:

- Nothing is repeated, out of order or lost. Trades are in gaps only if that is unavoidable.
- Data comes again in time. With a ready standby, the limit is 1,000 ms after a close or a refusal, and 5,500 ms after
  silence. It is longer if only one symbol or one channel is lost (12 and 22 s) or the broker is away (30 and 75 s).
- Every gap has true bounds and is written before the trade after it. Every epoch is announced before its first trade. No status
  record is missing.
- The consumer trades on paper whenever the guard allows it. It never trades at a price of 5 s or older, at a testnet
  price, or within a minute of an unrepaired gap.
- The guard halts each affected symbol within 250 ms (with files: 1,750 ms) after one of these moments: a price or a
  heartbeat becomes too old, the feed reports a halt, or an unrepaired gap is stored.

**not detectable** means: Bybit's ids are sparse, so nobody can notice a trade that no line delivered.
`;
}
