import path from 'node:path';
import { camelKeys } from '../codec/key-case.ts';
import { type OptionRules, optionProblem, TEXT } from '../domain/options/check-options.ts';
import { shown } from '../domain/options/shown.ts';
import { selectCoins } from './coin-list.ts';
import { type Config, camelVenues } from './config.ts';
import { environmentOverrides, type Override } from './environment-overrides.ts';
import { ConfigFiles } from './named-files.ts';
import { unusable } from './problem.ts';
import { ConfigReport } from './report.ts';
import { type Sections, sections } from './schema.ts';
import { isPlain, type Plain, refuseSecrets, validateSections } from './validate-sections.ts';
import { readYaml } from './yaml-source.ts';

/** Overrides from the command line. */
export interface ConfigOverrides {
  /** `BTC`, `BTCUSDT` or `btcusdt`; selects these coins only. */
  readonly symbols?: readonly string[] | undefined;
  readonly channels?: readonly string[] | undefined;
  /** Replaces `kafka.batch.max_records`. */
  readonly batchSize?: number | undefined;
}

/** The default time between two batches by Kafka client, milliseconds (docs/speed.md). */
const MIN_INTERVAL_MS = { kafkajs: 3, platformatic: 5 };

export interface ConfigSource {
  /** Path of a YAML file. */
  readonly file?: string | undefined;
  /** The configuration as plain values (snake_case keys), instead of a file. */
  readonly values?: unknown;
  /** The base of relative paths if there is no file; default the working directory. */
  readonly directory?: string;
  /** Environment variables; by default none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly overrides?: ConfigOverrides;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const RULES: OptionRules<ConfigSource> = {
  file: TEXT,
  values: [() => true, 'any value'],
  directory: TEXT,
  environment: [isObject, 'an object, such as process.env'],
  overrides: [isObject, 'an object'],
};

/** Loads and checks a configuration with overrides of environment and options. @throws ConfigError with all problems */
export function loadConfig(source: ConfigSource): Config {
  const problem = optionProblem(source, RULES);
  if (problem !== undefined) throw unusable('loadConfig', '', problem.message);
  const { file, environment = {}, overrides = {} } = source;
  const yaml = file === undefined ? undefined : readYaml(file, file);
  const report = new ConfigReport(file ?? 'configuration', yaml);
  const root = refuseSecrets(rootOf(yaml === undefined ? source.values : yaml.value, file ?? 'configuration'), report);
  const fromEnvironment = environmentOverrides(environment);
  report.problems.push(...fromEnvironment.problems);
  for (const { key, value, origin } of [...fromEnvironment.overrides, ...optionOverrides(overrides)]) {
    set(root, key, value);
    report.override(key, origin);
  }
  if (overrides.symbols !== undefined) report.override(['symbol'], 'option --symbol');

  const valid = validateSections(root, report);
  const files = new ConfigFiles(
    file === undefined ? path.resolve(source.directory ?? '.') : path.dirname(path.resolve(file)),
    report,
  );
  const config = assemble(valid, overrides, files, report);
  report.throwIfAny();
  if (config === undefined) throw new Error('a configuration without problems that cannot be assembled');
  return { ...config, source: file ?? null };
}

function rootOf(value: unknown, shownAs: string): Plain {
  if (value === null || value === undefined) return {};
  if (isPlain(value)) return { ...value };
  throw unusable(shownAs, shown(value), `allowed: a mapping with the keys ${Object.keys(sections).join(', ')}`);
}

function optionOverrides({ channels, batchSize }: ConfigOverrides): readonly Override[] {
  return [
    { key: ['feed', 'channels'], value: channels, origin: 'option --channel' },
    { key: ['kafka', 'batch', 'max_records'], value: batchSize, origin: 'option --batch-size' },
  ].filter(({ value }) => value !== undefined);
}

/** Sets a key and creates its sections; copies each section that it changes. */
function set(root: Plain, key: readonly string[], value: unknown): void {
  let container = root;
  for (const step of key.slice(0, -1)) {
    const inner = container[step];
    const next: Plain = isPlain(inner) ? { ...inner } : {};
    container[step] = next;
    container = next;
  }
  const last = key.at(-1);
  if (last !== undefined) container[last] = value;
}

function assemble(
  valid: Partial<Sections>,
  overrides: ConfigOverrides,
  files: ConfigFiles,
  report: ConfigReport,
): Omit<Config, 'source'> | undefined {
  const coins =
    valid.quote === undefined || report.has('coins')
      ? undefined
      : selectCoins(valid.coins, valid.quote, overrides.symbols, files, report);
  const kafkaFiles = valid.kafka === undefined ? undefined : files.kafka(valid.kafka);
  const token = files.secret(['gateway', 'token'], valid.gateway?.token, valid.gateway?.token_file);
  if (coins === undefined || kafkaFiles === undefined || !isComplete(valid)) return undefined;

  const { quote, environment, venues, sinks, coins: _coins, ...others } = valid;
  const { feed, kafka, file, parquet, spill, gateway, orderBooks, stats, cluster, log } = camelKeys(others);
  const { tokenFile: _file, ...served } = gateway;
  const minIntervalMs = kafka.batch.minIntervalMs ?? MIN_INTERVAL_MS[kafka.client];
  return {
    coins,
    quote,
    environment,
    feed,
    venues: camelVenues(venues),
    sinks: sinks ?? (kafka.brokers.length > 0 ? ['kafka'] : ['file']),
    kafka: { ...kafka, ...kafkaFiles, batch: { ...kafka.batch, minIntervalMs } },
    file: { ...file, dir: files.path(file.dir), codec: file.codec ?? 'null' },
    parquet: { ...parquet, dir: files.path(parquet.dir) },
    spill: { ...spill, dir: files.path(spill.dir) },
    gateway: { ...served, token },
    orderBooks,
    stats,
    cluster,
    log,
  };
}

function isComplete(valid: Partial<Sections>): valid is Sections {
  return Object.keys(sections).every((name) => Object.hasOwn(valid, name));
}
