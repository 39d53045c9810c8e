import type { Command } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';

export const command: Command = {
  usage: 'run [--config FILE] [--symbol S…] [--channel C…] [--batch-size N]',
  about:
    'Venues to normalised records in Kafka or in files, until Ctrl-C. On a terminal it shows the live status, else it logs JSON lines on stderr.',
  options: {
    config: configOption,
    symbol: { value: 'S…', many: 'list', help: 'these coins alone: BTC, BTCUSDT or btcusdt' },
    channel: { value: 'C…', many: 'list', help: 'these channels: trade, ticker, book_ticker, kline_1m, …' },
    'batch-size': { value: 'N', help: 'most records of a batch; 1 sends each at once' },
  },
  async run(context) {
    const { options } = context;
    const symbols = options.texts('symbol');
    const channels = options.texts('channel');
    const batchSize = options.number('batch-size', 1, 100_000);
    const config = configurationOf(context, {
      ...(symbols === undefined ? {} : { symbols }),
      ...(channels === undefined ? {} : { channels }),
      ...(batchSize === undefined ? {} : { batchSize }),
    });
    const { runFeed } = await import('./run-feed.ts');
    return runFeed(context, config, {
      hints: whereToLook(
        config.sinks.includes('kafka') ? config.kafka : undefined,
        config.sinks.includes('file') ? config.file.dir : undefined,
      ),
    });
  },
};

function whereToLook(
  kafka: { readonly brokers: readonly string[]; readonly topicPrefix: string } | undefined,
  dir: string | undefined,
): readonly string[] {
  return [
    ...(kafka === undefined ? [] : [`kafka  ${kafka.brokers.join(', ')}, topics ${kafka.topicPrefix}*`]),
    ...(dir === undefined ? [] : [`files  ${dir}`]),
  ];
}
