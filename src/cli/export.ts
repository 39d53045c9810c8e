import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { Fault } from '../domain/fault.ts';
import type { FeedRecord } from '../domain/record.ts';
import { type Command, type CommandContext, UsageError, writeProblem, writeResult } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { topicNamed } from './arguments/topic-name.ts';
import { count } from './terminal/number-text.ts';

/** Records of a Kafka topic after which its next files begin. */
const RECORDS_IN_FILES = 1_000_000;
const LIST_TIMEOUT_MS = 10_000;

export const command: Command = {
  usage: 'export --from TOPIC|DIR --to DIR [--config FILE]',
  about:
    'Writes records as Parquet files, DIR/TOPIC/symbol=BTCUSDT/date=2026-11-24/…parquet: all closed Avro files of a folder (of a file sink, of history, or of one topic in it), or a topic from Kafka.\n' +
    'The same Avro files give the same Parquet files again. A topic needs a folder without files of it.\n' +
    'Late trades (topic late-trades) are written in the folder trades, also by --from trades. See docs/parquet.md.',
  options: {
    from: { value: 'TOPIC|DIR', help: 'a topic (trades, prices, …) in Kafka, or a folder with Avro files' },
    to: { value: 'DIR', help: 'folder of the Parquet files' },
    config: configOption,
  },
  async run(context) {
    const { options, out } = context;
    const from = options.text('from');
    const to = options.text('to');
    if (from === undefined || to === undefined) throw new UsageError(`--from and --to are needed: ${command.usage}`);
    const { JOURNAL } = await import('../sinks/parquet/journal.ts');
    if (isFolder(path.join(to, JOURNAL)))
      throw new UsageError(`--to: ${to} is the folder of a Parquet sink; allowed: a folder without ${JOURNAL}`);
    const { lockFolder } = await import('../sinks/lock-folder.ts');
    const exportAll = isFolder(from) ? await ofFolder(from, to, context) : await ofTopic(from, to, context);
    const unlock = lockFolder(to);
    try {
      const exported = await exportAll();
      await writeResult(out, `exported to ${to}: ${exported.text}`, exported.json);
      return 0;
    } finally {
      unlock();
    }
  },
};

interface Exported {
  readonly text: string;
  readonly json: object;
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Error('interrupted: run the same command again');
}

const isFolder = (name: string): boolean => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;

async function ofFolder(from: string, to: string, { err, signal }: CommandContext): Promise<() => Promise<Exported>> {
  const { listFiles } = await import('../avro-file/file-name.ts');
  const { FileConversion } = await import('../sinks/parquet/file-conversion.ts');
  const { RowBudget } = await import('../parquet/partitioned-files.ts');
  const subfolders = readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = [path.resolve(from), ...subfolders.map(({ name }) => path.resolve(from, name))];
  const files = (await Promise.all(folders.map(listFiles))).flatMap((listed, index) =>
    listed.map(({ name, open }) => ({ file: path.join(folders[index] ?? '', name), open })),
  );
  if (files.length === 0) throw new Error(`no Avro files in ${from}`);
  const closed = files.filter(({ open }) => !open);
  return async () => {
    const budget = new RowBudget();
    for (const { file } of closed) {
      refuseAborted(signal);
      const conversion = new FileConversion(to, file, budget);
      try {
        await conversion.finish(statSync(file).size);
      } catch (error) {
        await conversion.discard();
        throw error;
      }
    }
    const left = files.length - closed.length;
    if (left > 0) await writeProblem(err, `export: left out files that a feed still writes: ${left}`);
    return { text: `${count(closed.length)} Avro files`, json: { files: closed.length, left_out: left } };
  };
}

async function ofTopic(name: string, to: string, context: CommandContext): Promise<() => Promise<Exported>> {
  const { err, signal } = context;
  const config = configurationOf(context);
  const { kafka } = config;
  const topic = await topicNamed(name, config, {
    argument: '--from',
    allowed: 'a folder with Avro files, or one of the topics ',
  });
  const { topicFiles, topicsOf } = await import('../parquet/topic-files.ts');
  const folderName = topicFiles(topic, '').folder;
  if (folderName !== topic)
    throw new UsageError(`--from: found "${name}", allowed: ${folderName}, which writes the late trades, too`);
  if (kafka.brokers.length === 0)
    throw new UsageError(
      `--from: found "${name}", allowed: a folder with Avro files, or a topic if kafka.brokers is set`,
    );
  const folder = path.join(to, topic);
  if (isFolder(folder)) throw new UsageError(`--to: ${folder} exists; the export of a topic needs a folder without it`);
  const { readTopic } = await import('../kafka/reading/read-topic.ts');
  const { kafkaComplaints } = await import('./terminal/command-log.ts');
  const options = { from: 'beginning', follow: false, signal } as const;
  return async () => {
    // The folder gets its name once it is complete. Before, readers of all folders pass over it.
    const part = path.join(to, `.${topic}.part`);
    rmSync(part, { recursive: true, force: true });
    let left = 0;
    let records = 0;
    for (const source of await existing(topicsOf(topic), kafka)) {
      const files = await newTopicFiles(part, (name) => topicFiles(source, name).name);
      for await (const message of readTopic(kafka, kafka.topicPrefix + source, options, kafkaComplaints(err))) {
        const { partition, offset, record } = message;
        if (record instanceof Fault) {
          left++;
          await writeProblem(err, `export: ${source} partition ${partition} offset ${offset}: ${record.message}`);
        } else await files.add(record);
        refuseAborted(signal);
      }
      refuseAborted(signal);
      records += await files.finish();
    }
    if (existsSync(part)) renameSync(part, folder);
    return { text: `${count(records)} records`, json: { records, left_out: left } };
  };
}

/** Leaves out the topics after the first one that the brokers do not have. */
async function existing(topics: readonly string[], kafka: Config['kafka']): Promise<readonly string[]> {
  if (topics.length === 1) return topics;
  const { listTopics } = await import('../kafka/topics.ts');
  const names = await listTopics(kafka, LIST_TIMEOUT_MS, () => {});
  return topics.filter((topic, index) => index === 0 || names.includes(kafka.topicPrefix + topic));
}

/**
 * Writes records of one topic into files. `finish` completes them, and returns the number of records.
 * @param nameOf returns the name of a file from its number and time
 */
async function newTopicFiles(folder: string, nameOf: (name: string) => string) {
  const { fileName, stampOf } = await import('../avro-file/file-name.ts');
  const { codecOf } = await import('../codec/avro.ts');
  const { PartitionedFiles, RowBudget } = await import('../parquet/partitioned-files.ts');
  const stamp = stampOf(Date.now());
  const budget = new RowBudget();
  let files: InstanceType<typeof PartitionedFiles> | undefined;
  let records = 0;
  const finish = async (): Promise<number> => {
    await files?.finish();
    files = undefined;
    return records;
  };
  return {
    finish,
    async add(record: FeedRecord): Promise<void> {
      const codec = codecOf(record.kind);
      const name = fileName(stamp, Math.floor(records / RECORDS_IN_FILES) + 1).replace(/\.avro$/, '');
      files ??= new PartitionedFiles(folder, nameOf(name), codec.schema, budget);
      files.add(codec.encode(record), 1);
      if (++records % RECORDS_IN_FILES === 0) await finish();
    },
  };
}
