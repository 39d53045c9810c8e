import { misses, type Outcome, type Row } from './row.ts';

/** A row and what came of it. */
export interface Played {
  readonly row: Row;
  /** Why it was not played. */
  readonly skipped?: string;
  readonly outcome?: Outcome;
  /** It was slow the first time, and this is the second. */
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
/** Columns of figures. */
const RIGHT = new Set([4, 5, 6, 7, 8, 9, 10, 11]);

/** True where a row is as it has to be, or could not be played. */
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

/** Markdown. */
export function table(rows: readonly Played[]): string {
  return markdown([HEAD, ...rows.map(cells)]);
}

function cells(played: Played): string[] {
  const { row, outcome } = played;
  const [active = '', standby = '–'] = row.venues;
  const about = [row.fault, active, standby, row.cut];
  if (outcome === undefined) return [...about, ...new Array<string>(8).fill(''), verdictText(played)];
  const { verdict, noticedAfterMs, silentForMs, guard } = outcome;
  return [
    ...about,
    noticedAfterMs === undefined ? '–' : whole(noticedAfterMs),
    Number.isFinite(silentForMs) ? whole(silentForMs) : 'never',
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
    RIGHT.has(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  const line = (row: readonly string[]) => `| ${row.map(padded).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = widths.map((width, column) => (RIGHT.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}

/** The page with some rows played again, each in its place; as it was where its table has other columns. */
export function replayed(page: string, rows: readonly Played[]): string {
  const isRow = (line: string) => line.startsWith('|') && !line.startsWith('| --');
  const lines = page.split('\n');
  const first = lines.findIndex(isRow);
  const last = lines.findLastIndex(isRow);
  if (cellsOf(lines[first] ?? '').join('|') !== HEAD.join('|')) return page;
  const nameOf = (columns: readonly string[]) => columns.slice(0, 4).join('|');
  const anew = new Map(rows.map(cells).map((columns) => [nameOf(columns), columns]));
  const [, ...all] = lines
    .slice(first, last + 1)
    .filter(isRow)
    .map(cellsOf)
    .map((columns) => anew.get(nameOf(columns)) ?? columns);
  const verdicts = all.map((columns) => columns.at(-1) ?? '').filter((verdict) => !verdict.startsWith('not played'));
  const good = verdicts.filter((verdict) => !verdict.startsWith('**')).length;
  return [...lines.slice(0, first), markdown([HEAD, ...all]), ...lines.slice(last + 1)]
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

Written by \`make faults\`; not to be edited. Every fault that we can inject, into the whole pipeline while trades go on,
and what came of it. ${good} of ${rows.length - skipped} rows are as they have to be${skipped === 0 ? '' : `; ${skipped} could not be played here`}.

${table(rows)}

## How it was made

\`make faults\`, or one row of it: \`make faults ARGS="--only close-both/binance"\` (\`--list\` names them), which takes its place in the table. ${date}, ${cores} cores,
Node ${node}, Kafka ${kafka}, ${atOnce} rows at a time, ${minutes} minutes.

Each row is a run of its own: \`market-feed run\` as a process with two lines per venue and the standby hot, the
simulated venues ([src/simulator](../src/simulator)) as another, which journals every trade that it makes, and a real
broker. The fault begins when everything has run for two seconds; the run ends when all is as it was before. Then the
journal is compared with what is stored (\`read_committed\`, all topics) by the delivery rule: within a venue, symbol and
epoch each trade once and in order, or inside a published gap that is true
([testing/judges/trade-judge.ts](../testing/judges/trade-judge.ts)).

600 trades a second and venue over three symbols; 8,000 where the broker is away for longer than memory holds. Settings
that are not the defaults: \`fail_back_after_ms\` 2,000 and \`coin_stale_after_ms\` 5,000, reconnects at most every 4 s, so
that a row shows the way back too.

- **noticed after**: from the injection to the first \`feed-status\` record that tells it; – where nothing has to be told.
- **data again after**: the longest time between two live trades of the active stream, as the broker stored them (of the
  symbol concerned where it is one), from just before the fault to the end, the way back to the first venue included.
- **halted after**: from the injection to when a consumer of the topics, in a process of its own, is first told by its trading
  guard ([the rule](trading-guard.md)) that a coin is not to be traded; not needed: its data stayed fresh.
- **lost**: made by the serving venue between the first and the last trade published of an epoch (and between epochs
  that follow each other at one venue), neither published nor inside a published gap.
- **in gaps**: missing, and named by a record of the topic \`gaps\`.
- **epochs**: turns of a venue, of the symbol that had most.
- **ok**: nothing twice, nothing out of order, nothing lost, nothing in gaps but where it has to be, and in time: with a hot standby
  under 1,000 ms after a close or a refusal, under 5,500 ms after silence; every gap true and written before the trade
  after it, every epoch announced before its first trade, no status record missing. **not detectable**: Bybit's ids jump
  by themselves; trades that no line carried leave no trace. The consumer trades on paper whenever it may: never at a price of 5 s or
  older, of the testnet, or within a minute of an unrepaired gap; and wherever a price or a heartbeat grew too old, the
  feed said halted or such a gap was stored, each coin concerned was halted within 250 ms of that moment.
`;
}
