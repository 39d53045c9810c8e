import path from 'node:path';
import {
  booksOf,
  type Config,
  environmentOf,
  environmentPrefixes,
  feedVenues,
  instrumentsFor,
  subscribedChannels,
} from '../config/config.ts';
import { counted } from '../domain/headline.ts';
import { VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import { openToAll } from '../gateway/api/host.ts';
import { type Command, UsageError } from './arguments/command.ts';
import { configOption, configurationOf, withVenues } from './arguments/configuration.ts';
import { visible } from './terminal/terminal-text.ts';

const LIVE_SECONDS = 30;

export const command: Command = {
  usage: 'check [--config FILE] [--live [SECONDS]] [--venue V…] [--out DIR] [--json]',
  about:
    'Validates the configuration and prints the plan. Asks venues for their time: + means that their clock is ahead of this one. A venue that does not answer is named, but is no error.\n' +
    "Asks the brokers and the schema registry for topics, rights and schemas, tries to write to the folders of files and spill, and asks whether another process uses them. Changes nothing. Warns if the gateway's port is taken. Exit code 1 if a start would fail.\n" +
    'With --live it connects to each venue on two lines, subscribes to the configured channels and prints PASS or FAIL for each item. ' +
    'It writes a report and a capture of everything that it saw. Exit code 1 if an item failed.',
  options: {
    config: configOption,
    live: {
      value: 'SECONDS',
      isOptional: true,
      help: `checks the venues themselves, for ${LIVE_SECONDS} s by default`,
    },
    venue: { value: 'V…', many: 'list', help: `with --live, these venues alone: ${VENUE_IDS.join(', ')}` },
    out: { value: 'DIR', help: 'with --live, folder of the report and the capture; default: named by the time' },
    json: { help: 'with --live, the result as one JSON object' },
  },
  async run(context) {
    const { options } = context;
    if (options.flag('live')) {
      const seconds = options.number('live', 1, 3600) ?? LIVE_SECONDS;
      const { runLiveCheck } = await import('./live-check/run-live-check.ts');
      return runLiveCheck(context, withVenues(configurationOf(context), options.texts('venue')), seconds);
    }
    for (const name of ['venue', 'out', 'json'])
      if (options.flag(name)) throw new UsageError(`--${name} is for --live, which is not given`);
    const config = configurationOf(context);
    const { environment } = config;
    const sinks = await sinkRows(config);
    const venues = await venueLines(config, context.signal);
    const lines = [
      row('configuration', `${config.source ?? 'built-in defaults'}: valid`),
      row('environment', environment + (environment === 'production' ? '' : ': these are not market prices')),
      row('coins', coinsOf(config)),
      row('channels', subscribedChannels(config).join(', ')),
      row('mode', config.feed.mode === 'all' ? 'all: every venue is published' : 'failover: one active venue a symbol'),
      ...venues.lines,
      ...sinks.map(([label, text]) => row(label, text)),
      ...(await gatewayRows(config)).map(([label, text]) => row(label, text)),
      ...wrapped('topics', await topicNames(config)),
      row(
        'result',
        resultText(
          venues,
          sinks.some(([label]) => label === PROBLEM),
        ),
      ),
    ];
    await context.out.write(`${lines.join('\n')}\n`);
    return sinks.some(([label]) => label === PROBLEM) ? 1 : 0;
  },
};

function row(label: string, text: string): string {
  return visible(`${label.padEnd(16)}${text}`);
}

/** The names in rows of at most 80 columns. */
function wrapped(label: string, names: readonly string[]): readonly string[] {
  const texts: string[] = [];
  for (const name of names) {
    const before = texts.at(-1);
    if (before === undefined || before.length + name.length > 80 - 16 - 3) texts.push(name);
    else texts[texts.length - 1] = `${before}, ${name}`;
  }
  return texts.map((text, index) => row(index === 0 ? label : '', text + (index < texts.length - 1 ? ',' : '')));
}

function resultText({ asked, absent }: VenueRows, isRefused: boolean): string {
  const names = absent.length === 0 ? '' : `; not reachable: ${absent.join(', ')}`;
  const start = isRefused ? 'a start would fail: see each problem' : 'a start finds no problem';
  return `${asked.length - absent.length} of ${asked.length} venues reachable${names}; ${start}`;
}

function coinsOf({ coins, quote }: Config): string {
  if (coins.kind === 'all') {
    const { topByVolume } = coins;
    const which = topByVolume === undefined ? 'all' : `the ${topByVolume} most traded of all`;
    return `${which} that the venues list against ${quote}`;
  }
  return `${coins.entries.length} against ${quote}: ${coins.entries.map(({ coin }) => coin).join(' ')}`;
}

interface VenueRows {
  readonly lines: readonly string[];
  /** The venues that were asked for their time, and those that did not answer. */
  readonly asked: readonly VenueId[];
  readonly absent: readonly VenueId[];
}

async function venueLines(config: Config, signal: AbortSignal): Promise<VenueRows> {
  const { venuesInUse } = await import('../runtime/build-venues.ts');
  const { NOT_REACHABLE } = await import('./terminal/venue-clock.ts');
  const { missingChannels } = await import('../venues/missing-channels.ts');
  const configured = feedVenues(config);
  const used = venuesInUse(config);
  const missing = missingChannels(configured, subscribedChannels(config), used);
  const plans = await Promise.all(
    configured.map(async (id, index) => {
      const plan = used.includes(id) ? await venuePlan(config, id, signal) : [];
      const lacks = missing.filter(({ venue }) => venue === id).map(({ reason }) => row('  warning', reason));
      return [row(`venue ${index + 1}`, venueName(config, id)), ...lacks, ...plan];
    }),
  );
  const disabled = config.feed.venues.filter((id) => !config.venues[id].enabled);
  const isAbsent = (id: VenueId) => plans.some((rows) => rows.some((text) => text.includes(`${id} ${NOT_REACHABLE}`)));
  return {
    lines: [...plans.flat(), ...(disabled.length === 0 ? [] : [row('disabled', disabled.join(', '))])],
    asked: used,
    absent: used.filter(isAbsent),
  };
}

function venueName(config: Config, id: VenueId): string {
  const environment = environmentOf(config, id);
  return id + (environment === 'production' ? '' : `, environment ${environment}`);
}

async function venuePlan(config: Config, id: VenueId, signal: AbortSignal): Promise<readonly string[]> {
  const { planConnections } = await import('../venues/connection/plan-connections.ts');
  const { venues } = await import('../venues/registry.ts');
  const { venueClock } = await import('./terminal/venue-clock.ts');
  const { lines, websocketUrls, restUrls } = config.venues[id];
  const instruments = instrumentsFor(config, id);
  const books = booksOf(config);
  const connections = planConnections(venues[id], {
    instruments,
    channels: subscribedChannels(config),
    lines,
    websocketUrls,
    ...(books === undefined ? {} : { books }),
  });
  const groups = new Set(connections.map(({ group }) => group)).size;
  const topics = connections
    .filter(({ line }) => line === 0)
    .reduce((sum, connection) => sum + connection.topics.length, 0);
  const listed = new Set(instruments.map(({ coin }) => coin));
  const configured = config.coins.kind === 'list' ? config.coins.entries.map(({ coin }) => coin) : [];
  const absent = configured.filter((coin) => !listed.has(coin));
  const on = `${counted(groups, 'group')} of topics on ${counted(lines, 'line')} each`;
  const without = absent.length === 0 ? '' : `; not listed there: ${absent.join(', ')}`;
  return [
    ...(config.coins.kind === 'all'
      ? [row('  connections', `${lines} for each group of topics, once the venue's list is fetched`)]
      : [
          row('  connections', `${connections.length}: ${on}`),
          row('  subscriptions', `${topics} topics for ${instruments.length} symbols${without}`),
        ]),
    ...websocketUrls.map((url) => row('  websocket', url)),
    ...restUrls.map((url) => row('  rest', url)),
    row('  clock offset', await venueClock(venues[id], restUrls, signal)),
  ];
}

const PROBLEM = '  problem';

/** The rows of sinks and spill, as label and text. A start would fail if one has the label PROBLEM. */
async function sinkRows(config: Config): Promise<readonly (readonly [label: string, text: string])[]> {
  const { checkFolder, checkKafka } = await import('./sink-check/check-sinks.ts');
  const { spill, sinks } = config;
  const checkSinkFolder = (sink: string, dir: string) => checkFolder(dir, `${sink}.dir`, [dir]);
  // An instance of a cluster locks the folder of all its shards.
  const spillFolders = config.cluster.enabled ? [spill.dir] : sinks.map((sink) => path.join(spill.dir, sink));
  const parts = await Promise.all([
    ...sinks.map(async (sink) => ({
      title: ['sink', sinkText(config, sink)] as const,
      findings: sink === 'kafka' ? await checkKafka(config) : [await checkSinkFolder(sink, config[sink].dir)],
    })),
    checkFolder(spill.dir, 'spill.dir', spillFolders).then((finding) => ({
      title: ['spill', `${spill.dir}, at most ${spill.maxMb} MB`] as const,
      findings: [finding],
    })),
  ]);
  return parts.flatMap(({ title, findings }) => [
    title,
    ...findings.map(({ label, text }) => [label === 'problem' ? PROBLEM : `  ${label}`, text] as const),
  ]);
}

function sinkText(config: Config, sink: Config['sinks'][number]): string {
  if (sink !== 'kafka') {
    const { dir, rotateMb, rotateMinutes } = config[sink];
    const format = sink === 'file' ? 'Avro' : 'Parquet';
    return `${format} files in ${dir}, new ones after ${rotateMb} MB or ${rotateMinutes} minutes`;
  }
  const { brokers, client, compression, batch, ssl, sasl, schemaRegistry } = config.kafka;
  const security = `${ssl === null ? 'no TLS' : 'TLS'}${sasl === null ? '' : `, SASL ${sasl.mechanism} as ${sasl.username}`}`;
  const encoding =
    schemaRegistry === null ? 'Avro single-object encoding' : `Confluent wire format, registry ${schemaRegistry.url}`;
  const batches = `batches up to ${batch.maxRecords}, compression ${compression}`;
  return `Kafka ${brokers.join(', ')} by ${client}; ${security}; ${encoding}; ${batches}`;
}

async function gatewayRows({ gateway }: Config): Promise<readonly (readonly [label: string, text: string])[]> {
  const { enabled, host, port, token } = gateway;
  const address = host.includes(':') ? `[${host}]` : host;
  const started = enabled ? '' : '; run does not start it';
  const { portProblem } = await import('../net/port-problem.ts');
  const taken = enabled ? await portProblem(host, port) : undefined;
  const warnings = [openToAll(gateway), taken && `${taken}; the feed would run without the gateway until it is free`];
  return [
    ['gateway', `http://${address}:${port}; token: ${token === null ? 'no' : 'yes'}${started}`],
    ...warnings.flatMap((text) => (text === undefined ? [] : [['  warning', text] as const])),
  ];
}

async function topicNames(config: Config): Promise<readonly string[]> {
  const { TOPICS } = await import('../codec/topics.ts');
  const before = config.sinks.includes('kafka') ? config.kafka.topicPrefix : '';
  return environmentPrefixes(config).flatMap((prefix) => TOPICS.map(({ name }) => before + prefix + name));
}
