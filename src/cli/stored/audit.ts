import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AuditDay, type AuditRange, AuditReport } from '../../audit/audit-report.ts';
import type { Difference } from '../../audit/audit-scope.ts';
import type { AuditSource } from '../../audit/audit-source.ts';
import { environmentPrefixes } from '../../config/config.ts';
import { MINUTE_MS } from '../../feed/audits/audited-minute.ts';
import { type Command, type CommandContext, type OptionValues, UsageError } from '../arguments/command.ts';
import { configOption, configurationOf } from '../arguments/configuration.ts';
import { timeOption } from '../arguments/start-time.ts';
import { inColumns, visible, visibleJson } from '../terminal/terminal-text.ts';

/** Differences that are printed; the others are only counted. */
const MOST_SHOWN = 100;
/** Records of the minutes before `--from` are read, too: they show what a trade or a book continues. */
const READ_BEFORE_MS = 5 * MINUTE_MS;

export const command: Command = {
  usage: 'audit [--from T --to T] [--topic|--dir DIR] [--json] [--config FILE]',
  about:
    "Computes completeness again from the records alone: order and ids of trades, gaps, late trades, audits with their hashes, windows of statistics, and the chains of books. Reads Kafka's topics, or, if no brokers are configured, the folder of the file sink.\n" +
    'Prints a row for each symbol and day, then the differences. Exit code 1: there is a difference. See docs/audit.md.',
  options: {
    from: { value: 'T', help: 'first minute: 2026-11-21T08:30:00Z, 08:30 (UTC), -10m, milliseconds since 1970' },
    to: { value: 'T', help: 'end of the last minute, exclusive' },
    topic: { help: 'reads the topics in Kafka, although files are configured, too' },
    dir: { value: 'DIR', help: "a file sink's folder" },
    json: { help: 'a JSON object a line: days, differences, a summary' },
    config: configOption,
  },
  async run(context) {
    const { options, out, signal } = context;
    const range = rangeOf(options, Date.now());
    const sources = await sourcesOf(context, range);
    const scratch = mkdtempSync(path.join(tmpdir(), 'market-feed-audit-'));
    try {
      const audited: Audited[] = [];
      for (const source of sources) audited.push(await auditOf(source, range, scratch));
      if (signal.aborted) throw new Error('interrupted: run the same command again');
      if (audited.every(({ days }) => days.length === 0)) throw new Error('no trades in the audited minutes');
      await out.write(options.flag('json') ? jsonOf(audited) : textOf(audited));
      return audited.every(({ differences }) => differences === 0) ? 0 : 1;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

function rangeOf(options: OptionValues, nowMs: number): AuditRange {
  const from = timeOption(options, 'from', nowMs) ?? Number.NEGATIVE_INFINITY;
  const to = timeOption(options, 'to', nowMs) ?? Number.POSITIVE_INFINITY;
  const range = { fromMs: Math.ceil(from / MINUTE_MS) * MINUTE_MS, toMs: Math.floor(to / MINUTE_MS) * MINUTE_MS };
  if (range.fromMs < range.toMs) return range;
  throw new UsageError(`--to: found ${options.text('to')}, allowed: a time at least one whole minute after --from`);
}

async function sourcesOf(context: CommandContext, { fromMs }: AuditRange): Promise<readonly AuditSource[]> {
  const { options, signal, err } = context;
  const { auditFolder, auditTopics } = await import('../../audit/audit-source.ts');
  const dir = options.text('dir');
  if (dir !== undefined && options.flag('topic'))
    throw new UsageError(`--topic and --dir exclude each other: ${command.usage}`);
  if (dir !== undefined) return auditFolder(dir, signal);
  const config = configurationOf(context);
  const { kafka } = config;
  if (options.flag('topic') && kafka.brokers.length === 0)
    throw new UsageError('--topic needs kafka.brokers in the configuration');
  if (!options.flag('topic') && !config.sinks.includes('kafka')) return auditFolder(config.file.dir, signal);
  const { kafkaComplaints } = await import('../terminal/command-log.ts');
  return auditTopics(kafka, environmentPrefixes(config), {
    fromMs: Number.isFinite(fromMs) ? fromMs - READ_BEFORE_MS : undefined,
    signal,
    log: kafkaComplaints(err),
  });
}

interface Audited {
  readonly prefix: string;
  readonly days: readonly AuditDay[];
  readonly differences: number;
  readonly shown: readonly Difference[];
}

async function auditOf(source: AuditSource, range: AuditRange, scratch: string): Promise<Audited> {
  const { auditRecords } = await import('../../audit/audit.ts');
  const { contiguousVenues } = await import('../../venues/registry.ts');
  const shown: Difference[] = [];
  const report = new AuditReport(range, (difference) => {
    if (shown.length < MOST_SHOWN) shown.push(difference);
  });
  await auditRecords(source, report, { scratch, isContiguous: (venue) => contiguousVenues.has(venue) });
  return { prefix: source.prefix, days: report.days, differences: report.differences, shown };
}

function jsonOf(audited: readonly Audited[]): string {
  const lines = audited.flatMap(({ prefix, days, differences, shown }) => [
    ...days.map(({ lateTrades, ...day }) => ({ type: 'day', topics: `${prefix}*`, ...day, late_trades: lateTrades })),
    ...shown.map((difference) => ({ type: 'difference', ...difference })),
    { type: 'summary', topics: `${prefix}*`, differences, shown: shown.length },
  ]);
  return lines.map((line) => `${visibleJson(JSON.stringify(line))}\n`).join('');
}

const COLUMNS = ['trades', 'late', 'proven', 'agrees', 'gap', 'unexplained', 'unchecked', 'differences'] as const;
const NAME_COLUMNS = [12, 14, 12] as const;
const NUMBER_COLUMNS = 12;

function textOf(audited: readonly Audited[]): string {
  return audited.map(tableOf).join('\n');
}

function tableOf({ prefix, days, differences, shown }: Audited): string {
  const rows = [
    row(['venue', 'symbol', 'day'], COLUMNS),
    ...days.map(({ venue, symbol, day, trades, lateTrades, minutes, differences: found }) => {
      const { proven, agrees, gap, unexplained, unchecked } = minutes;
      return row([venue, symbol, day], [trades, lateTrades, proven, agrees, gap, unexplained, unchecked, found]);
    }),
  ];
  const more = differences - shown.length;
  return [
    ...(prefix === '' ? [] : [`topics ${prefix}*`]),
    ...rows,
    '',
    ...(differences === 0 ? ['no difference'] : [`${differences} differences`]),
    ...shown.map(differenceRow),
    ...(more === 0 ? [] : [`and ${more} more`]),
    '',
  ].join('\n');
}

function row(names: readonly string[], numbers: readonly (string | number)[]): string {
  const left = names.map((name, index) => inColumns(visible(name), NAME_COLUMNS[index] ?? 0));
  return left.join('') + numbers.map((number) => inColumns(String(number), NUMBER_COLUMNS, 'right')).join('');
}

function differenceRow({ topic, venue, symbol, epoch, minute, text }: Difference): string {
  const time = `${new Date(minute).toISOString().slice(0, 16)}Z`;
  return visible(`${time}  ${topic}  ${venue} ${symbol} epoch ${epoch}: ${text}`);
}
