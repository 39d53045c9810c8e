import type { SchemaRegistry, Standing } from '../codec/schema-registry.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import { type Command, type CommandContext, choiceIn, UsageError } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { inColumns } from './terminal/terminal-text.ts';

export const command: Command = {
  usage: 'schemas check|register [--against URL] [--json] [--config FILE]',
  about:
    'check says of the subject of every topic (TOPIC-value) how our schema stands to it: registered, new, compatible,\n' +
    'or incompatible and why; nothing changes. register registers what is missing, where nothing is incompatible: for\n' +
    'feeds that only look up (kafka.schema_registry.register: false).\n' +
    'User, password and authority come from kafka.schema_registry, and so does the address where --against is not given.\n' +
    'Exit code 1: something is incompatible, or the registry does not answer.',
  options: {
    against: { value: 'URL', help: 'base address of the registry, such as http://localhost:8081' },
    json: { help: 'a JSON object a line: subject, standing, id, reasons' },
    config: configOption,
  },
  maxArguments: 1,
  async run(context) {
    const action = choiceIn('what', context.arguments[0], ['check', 'register']);
    const config = configurationOf(context);
    const registry = await registryFor(config, context);
    const subjects = await subjectsOf(config);
    const isFine = await report(subjects, registry, context);
    if (!isFine || action === 'check') return isFine ? 0 : 1;
    for (const { subject, schema } of subjects) await registry.idOf(subject, schema);
    return 0;
  },
};

async function subjectsOf(config: Config) {
  const { TOPICS } = await import('../codec/topics.ts');
  const { codecOf } = await import('../codec/avro.ts');
  return environmentPrefixes(config).flatMap((prefix) =>
    TOPICS.map(({ name, kind }) => ({
      subject: `${config.kafka.topicPrefix}${prefix}${name}-value`,
      schema: codecOf(kind).schema,
    })),
  );
}

async function registryFor({ kafka, source }: Config, { options }: CommandContext): Promise<SchemaRegistry> {
  const url = options.text('against') ?? kafka.schemaRegistry?.url;
  if (url === undefined)
    throw new UsageError(
      `--against: found nothing, nor kafka.schema_registry in ${source ?? 'the configuration'}, allowed: the address of a registry`,
    );
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`--against: found "${url}", allowed: an address such as http://localhost:8081`);
  const login = kafka.schemaRegistry ?? { user: null, password: null, caFile: null };
  const { registryAt } = await import('../kafka/registry-client.ts');
  return registryAt({ ...login, url, register: true });
}

/** Prints how each subject stands; false where one is incompatible. */
async function report(
  subjects: Awaited<ReturnType<typeof subjectsOf>>,
  registry: SchemaRegistry,
  { options, out }: CommandContext,
): Promise<boolean> {
  const width = Math.max(...subjects.map(({ subject }) => subject.length)) + 2;
  let isFine = true;
  for (const { subject, schema } of subjects) {
    const standing = await registry.standingOf(subject, schema);
    if (standing.kind === 'incompatible') isFine = false;
    const { kind, ...rest } = standing;
    const json = () => `${JSON.stringify({ subject, standing: kind, ...rest })}\n`;
    await out.write(options.flag('json') ? json() : textLine(subject, standing, width));
  }
  return isFine;
}

function textLine(subject: string, standing: Standing, width: number): string {
  const id = standing.kind === 'registered' ? `  id ${standing.id}` : '';
  const reasons = standing.kind === 'incompatible' ? standing.reasons.map((reason) => `\n  ! ${reason}`) : [];
  return `${inColumns(subject, width)}${standing.kind}${id}${reasons.join('')}\n`;
}
