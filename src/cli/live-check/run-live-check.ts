import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, environmentOf, feedVenues, subscribedChannels } from '../../config/config.ts';
import { VENUE_IDS } from '../../domain/instrument.ts';
import { hideCredentials } from '../../domain/options/hide-credentials.ts';
import { createCapture } from '../../replay/record.ts';
import { type CommandContext, UsageError } from '../arguments/command.ts';
import { packageVersion } from '../arguments/package-version.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { hasColor, visibleJson } from '../terminal/terminal-text.ts';
import { checkVenue, LINES } from './check-venue.ts';
import { type CheckedTable, hasFailed, markdownTable, resultText, tableText } from './report-text.ts';

/** Columns of the table if it is not written to a terminal. */
const PLAIN_COLUMNS = 120;

/** Checks all venues of a configuration, writes a capture and a report, prints the tables; returns the exit code. */
export async function runLiveCheck(context: CommandContext, configured: Config, seconds: number): Promise<number> {
  const { options, out, err, environment, signal } = context;
  const startedAt = new Date();
  const dir = options.text('out') ?? `live-check-${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const files = { capture: join(dir, 'check.capture.gz'), report: join(dir, 'report.md') };
  const config = withLines(configured);
  for (const file of Object.values(files))
    if (existsSync(file)) throw new UsageError(`--out: ${file} exists; a capture is never overwritten`);
  await mkdir(dir, { recursive: true });

  const failing = new AbortController();
  const capture = await createCapture(files.capture, config, (error) => failing.abort(error));
  const line = new StatusLine(err);
  const show = () => {
    const passedSeconds = Math.floor((Date.now() - startedAt.getTime()) / 1000);
    line.show(`checking ${feedVenues(config).join(' ')}: ${passedSeconds} of ${seconds} s`);
  };
  const timer = setInterval(show, 1000);
  const ended = AbortSignal.any([signal, failing.signal]);
  const tables = await Promise.all(
    feedVenues(config).map(async (venue): Promise<CheckedTable> => {
      const items = await checkVenue({ config, id: venue, networks: capture.networks, seconds, signal: ended });
      return { venue, environment: environmentOf(config, venue), items };
    }),
  );
  clearInterval(timer);
  line.close();
  await capture.close();

  const isPassed = !tables.some(hasFailed);
  await writeFile(files.report, reportText(config, tables, startedAt));
  const json = { passed: isPassed, started: startedAt.toISOString(), seconds, ...files, venues: tables };
  const columns = out.isTerminal ? out.size().columns : PLAIN_COLUMNS;
  const table = tableText(tables, columns, hasColor(out, environment));
  const places = `report   ${files.report}\ncapture  ${files.capture}`;
  const words = `${table}${resultText(tables)}. Attach both files to an issue:\n${places}\n`;
  await out.write(options.flag('json') ? `${visibleJson(JSON.stringify(json))}\n` : words);
  return isPassed ? 0 : 1;
}

/** The configuration with two lines for each venue: the check compares them. */
function withLines(config: Config): Config {
  const { venues } = config;
  const changed = VENUE_IDS.map((id) => [id, { ...venues[id], lines: LINES }] as const);
  return { ...config, venues: { ...venues, ...Object.fromEntries(changed) } };
}

function reportText(config: Config, tables: readonly CheckedTable[], startedAt: Date): string {
  const addresses = tables.map(
    ({ venue }) =>
      `- ${venue}: ${hideCredentials([...config.venues[venue].websocketUrls, ...config.venues[venue].restUrls].join(' '))}`,
  );
  return [
    `# Live check of ${tables.map(({ venue }) => venue).join(', ')}: ${resultText(tables)}`,
    '',
    `market-feed ${packageVersion()}, Node.js ${process.version}, ${process.platform} ${process.arch}, started at ${startedAt.toISOString()}.`,
    `Channels: ${subscribedChannels(config).join(', ')}.`,
    'Two values are of line 1 / line 2.',
    '',
    ...addresses,
    '',
    ...tables.map(markdownTable),
    'The capture beside this report has every frame and REST answer: `market-feed replay check.capture.gz`.',
    '',
  ].join('\n');
}
