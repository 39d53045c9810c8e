import type { Command } from './arguments/command.ts';
import { configOption, configurationOf, selectionOptions } from './arguments/configuration.ts';

export const command: Command = {
  usage: 'run [--config FILE] [--symbol S…] [--channel C…] [--batch-size N]',
  about:
    'Publishes normalised records of the venues to Kafka or files, until Ctrl-C. On a terminal it shows the live status, else it logs JSON lines on stderr.',
  options: {
    config: configOption,
    ...selectionOptions,
    'batch-size': {
      value: 'N',
      help: 'maximum records in a batch to Kafka; 1 sends each record at once. Files are written as without it',
    },
  },
  async run(context) {
    const { options } = context;
    const config = configurationOf(context, {
      symbols: options.texts('symbol'),
      channels: options.texts('channel'),
      batchSize: options.number('batch-size', 1, 100_000),
    });
    const { runFeed } = await import('./running/run-feed.ts');
    const { sinks, kafka, file, parquet } = config;
    const hints = [
      ...(sinks.includes('kafka') ? [`kafka  ${kafka.brokers.join(', ')}, topics ${kafka.topicPrefix}*`] : []),
      ...(sinks.includes('file') ? [`files  ${file.dir}`] : []),
      ...(sinks.includes('parquet') ? [`files  ${parquet.dir} (Parquet)`] : []),
    ];
    return runFeed(context, config, { hints });
  },
};
