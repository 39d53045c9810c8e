import { existsSync } from 'node:fs';
import path from 'node:path';
import { coinNamed } from '../config/coin-list.ts';
import type { Config } from '../config/config.ts';
import type { FeedRecord } from '../domain/record.ts';
import { type Command, type CommandContext, UsageError, writeProblem } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { type Start, startTime } from './arguments/start-time.ts';
import { topicNamed } from './arguments/topic-name.ts';

export const command: Command = {
  usage:
    'tail <topic> [--coin C] [--from beginning|end|TIME] [--limit N] [--follow] [--json] [--dir DIR] [--config FILE]',
  about:
    'Prints decoded records of a topic (trades, prices, feed-status, …) of the configured environment, or of a named one (simulated.trades, testnet.trades):\n' +
    "from Kafka, or, if no brokers are configured, from a file sink's folder, or from --dir.\n" +
    'Without --from it waits for new records, until Ctrl-C or --limit. From the beginning or a time it ends at the last record, unless --limit or --follow is given.\n' +
    'Without --follow, a topic that is missing or empty ends it with exit code 1; the message names the other topics. So does --coin without a record.\n' +
    'A row begins with the time of the event, or at which its candle opened.',
  options: {
    coin: { value: 'C', help: 'records of this coin alone: BTC or BTCUSDT' },
    from: { value: 'TIME', help: 'beginning, end (default), or arrival: 2026-11-21T08:30:00Z, 08:30 (UTC), -10m' },
    limit: { value: 'N', help: 'ends after this many records' },
    follow: { help: 'waits for new records at the end' },
    json: { help: "a JSON object a line, with the schemas' names" },
    dir: { value: 'DIR', help: "a file sink's folder" },
    config: configOption,
  },
  maxArguments: 1,
  async run(context) {
    const { options } = context;
    const dir = options.text('dir');
    const config = dir !== undefined && !options.flag('config') ? undefined : configurationOf(context);
    const from = startTime(options.text('from') ?? 'end', Date.now());
    const limit = options.number('limit', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
    const waits = options.flag('follow') || from === 'end';
    const follow = waits || Number.isFinite(limit);
    const topic = await topicNamed(context.arguments[0], config);
    const wanted = coinFilter(options.text('coin'), config?.quote ?? 'USDT');
    const fromFiles = dir ?? (config?.sinks.includes('kafka') ? undefined : config?.file.dir);
    const records =
      fromFiles === undefined && config !== undefined
        ? kafkaRecords(config, topic, { from, follow, waits }, context)
        : fileRecords(fromFiles ?? '.', topic, { from, follow, waits }, context);
    const shown = await print(records, wanted, limit, context);
    const coin = options.text('coin');
    if (shown === 0 && coin !== undefined && !waits && !context.signal.aborted)
      throw new Error(`no records of ${coin} in ${topic}${typeof from === 'object' ? ' since that time' : ''}`);
    return 0;
  },
};

function coinFilter(text: string | undefined, quote: string): (record: FeedRecord) => boolean {
  if (text === undefined) return () => true;
  const coin = coinNamed(text, quote);
  if (coin === undefined)
    throw new UsageError(`--coin: found "${text}", allowed: a coin or its symbol, such as BTC or BTC${quote}`);
  return (record) => ('coin' in record ? record.coin === coin : 'symbol' in record && record.symbol === coin + quote);
}

interface Reading {
  readonly from: Start;
  readonly follow: boolean;
  /** True: also for the first record of a topic that is missing or empty. */
  readonly waits: boolean;
}

async function* kafkaRecords(
  { kafka }: Config,
  topic: string,
  { from, follow, waits }: Reading,
  { err, signal }: CommandContext,
): AsyncGenerator<FeedRecord> {
  const { Fault } = await import('../domain/fault.ts');
  const { readTopic } = await import('../kafka/reading/read-topic.ts');
  const { kafkaComplaints } = await import('./terminal/command-log.ts');
  const name = kafka.topicPrefix + topic;
  try {
    const all = { from: 'beginning', follow: false, signal } as const;
    if (!waits && (await isEmpty(readTopic(kafka, name, all, () => {}))) && !signal.aborted)
      throw new Error(`${name} is empty`);
    const messages = readTopic(kafka, name, { from, follow, signal }, kafkaComplaints(err));
    for await (const { partition, offset, record } of messages) {
      if (record instanceof Fault)
        await writeProblem(err, `tail: partition ${partition} offset ${offset}: ${record.message}`);
      else yield record;
    }
  } catch (error) {
    throw (await absentTopic(kafka, name).catch(() => undefined)) ?? error;
  }
}

const OTHER_ENVIRONMENTS = ['testnet.', 'simulated.', 'replay.'];

/** The error for a topic that is missing or empty, with the other topics; undefined if it has records. */
async function absentTopic(kafka: Config['kafka'], name: string): Promise<Error | undefined> {
  const { describeTopics } = await import('../sinks/kafka/topics.ts');
  const topics = await describeTopics(kafka, ['', ...OTHER_ENVIRONMENTS], () => {});
  const where = kafka.brokers.join(', ');
  const existing = topics.filter(({ exists }) => exists);
  const found = existing.find((topic) => topic.name === name);
  if (found === undefined) {
    const none = `none that begins with "${kafka.topicPrefix}"`;
    return new Error(`topic ${name} does not exist at ${where}; there are: ${namesOf(existing) || none}`);
  }
  if (found.records.count > 0n) return undefined;
  const filled = existing.filter(({ records }) => records.count > 0n);
  return new Error(`topic ${name} at ${where} is empty; topics with records: ${namesOf(filled) || 'none'}`);
}

const namesOf = (topics: readonly { readonly name: string }[]): string => topics.map(({ name }) => name).join(', ');

async function isEmpty(records: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of records) return false;
  return true;
}

async function* fileRecords(
  dir: string,
  topic: string,
  { from, follow, waits }: Reading,
  { err, signal }: CommandContext,
): AsyncGenerator<FeedRecord> {
  const { readFiles } = await import('../avro-file/read-files.ts');
  const { arrivalMs } = await import('../client/source/file-source.ts');
  const notice = await absence(dir, topic, waits);
  if (notice !== undefined && !waits) throw new Error(notice);
  if (notice !== undefined) await writeProblem(err, `tail: ${notice}; waiting`);
  const since = typeof from === 'object' ? from.timeMs : Number.NEGATIVE_INFINITY;
  for await (const record of readFiles(dir, topic, { from: from === 'end' ? 'end' : 'beginning', follow, signal })) {
    if (arrivalMs(record) >= since) yield record;
  }
}

/**
 * Says that the topic has no records in the folder (with `waits`, no folder), and which topics have; undefined if it
 * has.
 */
async function absence(dir: string, topic: string, waits: boolean): Promise<string | undefined> {
  if (!existsSync(dir)) return `no folder ${dir}`;
  const { readFiles } = await import('../avro-file/read-files.ts');
  const { TOPICS } = await import('../codec/topics.ts');
  const hasFolder = (name: string) => existsSync(path.join(dir, name));
  if (hasFolder(topic) && (waits || !(await isEmpty(readFiles(dir, topic))))) return undefined;
  const others: string[] = [];
  for (const name of ['', ...OTHER_ENVIRONMENTS].flatMap((prefix) => TOPICS.map((each) => prefix + each.name))) {
    // Not the topic itself: its first record may have been written since the check above. A damaged file is named, too.
    if (name !== topic && hasFolder(name) && !(await isEmpty(readFiles(dir, name)).catch(() => false)))
      others.push(name);
  }
  return others.length === 0 ? `no topics in ${dir}` : `no ${topic} in ${dir}; there are: ${others.join(', ')}`;
}

/** Maximum rows that wait until the output's reader takes them. */
const MOST_UNWRITTEN = 1000;

/** Prints the wanted records. Returns how many. */
async function print(
  records: AsyncIterable<FeedRecord>,
  wanted: (record: FeedRecord) => boolean,
  limit: number,
  { options, out, signal, environment }: CommandContext,
): Promise<number> {
  const { coloredLine, jsonLine, textLine } = await import('./terminal/event-text.ts');
  const { hasColor } = await import('./terminal/terminal-text.ts');
  const text = hasColor(out, environment) ? coloredLine : textLine;
  const line = options.flag('json') ? jsonLine : text;
  let shown = 0;
  let written = Promise.resolve();
  for await (const record of records) {
    if (!wanted(record)) continue;
    written = out.write(line(record));
    shown++;
    if (shown === limit || signal.aborted) break;
    if (shown % MOST_UNWRITTEN === 0) await written;
  }
  await written;
  return shown;
}
