import { identity, lastValueFrom, mergeMap, sampleTime, take, takeUntil } from 'rxjs';
import { type Config, environmentOf, feedVenues } from '../config/config.ts';
import { asFault } from '../domain/fault.ts';
import { CHANNELS, type Channel, VENUE_IDS } from '../domain/instrument.ts';
import { aborted$ } from '../net/aborted.ts';
import {
  type Command,
  type CommandContext,
  choiceIn,
  numberIn,
  UsageError,
  writeProblem,
} from './arguments/command.ts';
import { configOption, configurationOf, instrumentNamed } from './arguments/configuration.ts';

export const command: Command = {
  usage: 'watch [symbol] [channel] [limit] [--venue V] [--every S] [--config FILE]',
  about:
    'Prints one line for each event, straight from one venue (default: btcusdt trade 10). Prints JSON if stdout is not a terminal.',
  options: {
    venue: { value: 'V', help: `${VENUE_IDS.join(', ')}; by default the first of the configuration` },
    every: { value: 'S', help: 'prints at most one line each S seconds, of the newest event' },
    config: configOption,
  },
  maxArguments: 3,
  async run(context) {
    const [symbol = 'btcusdt', channelText = 'trade', limit = '10'] = context.arguments;
    const channel = choiceIn('channel', channelText, CHANNELS);
    const most = numberIn('limit', limit, 1, 1_000_000_000);
    return watch(context, configurationOf(context), symbol, channel, most);
  },
};

async function watch(
  { options, out, err, signal }: CommandContext,
  config: Config,
  symbol: string,
  channel: Channel,
  limit: number,
): Promise<number> {
  const { adapterOf } = await import('../venues/adapter.ts');
  const { venues } = await import('../venues/registry.ts');
  const { jsonLine, textLine } = await import('./terminal/event-text.ts');

  const everyS = options.number('every', 0.001, 86_400, 'any');
  const id = options.oneOf('venue', VENUE_IDS) ?? feedVenues(config)[0] ?? 'bybit';
  const venue = venues[id];
  const { websocketUrls, connectTimeoutMs, compression, maxFrameMb } = config.venues[id];
  const instrument = instrumentNamed(symbol, config, id);
  if (venue.topics(instrument, channel).length === 0) throw new UsageError(`channel: ${id} has no ${channel}`);

  const events$ = adapterOf(venue)({
    symbols: [instrument],
    channels: [channel],
    websocketUrls,
    environment: environmentOf(config, id),
    connectTimeoutMs,
    probeAfterMs: config.feed.staleAfterMs / 2,
    compression,
    maxFrameMb,
  });

  const shown$ = events$.pipe(
    mergeMap((event) => {
      if (event.kind === 'refused') throw event.fault;
      return event.kind === 'value' ? event.value : [];
    }),
    everyS === undefined ? identity : sampleTime(everyS * 1000),
    take(limit),
    // Each event is written at once, in order. The command ends when all are written, or the signal aborts.
    mergeMap((one) => out.write(out.isTerminal ? textLine(one, true) : jsonLine(one, true))),
    takeUntil(aborted$(signal)),
  );
  try {
    await lastValueFrom(shown$, { defaultValue: undefined });
    return 0;
  } catch (error) {
    await writeProblem(err, `watch: ${id}: ${asFault(error).message}`);
    return 1;
  }
}
