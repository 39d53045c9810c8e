import type { SchemaRegistry, Standing } from '../codec/schema-registry.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import { type Command, type CommandContext, choiceIn, UsageError } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import { inColumns, visible, visibleJson } from './terminal/terminal-text.ts';

export const command: Command = {
  usage: 'schemas check|register [--against URL] [--json] [--config FILE]',
  about:
    'check compares our schemas with the subject of every topic (TOPIC-value): registered, new, compatible, or\n' +
    'incompatible and why; it changes nothing. register registers missing schemas if none is incompatible, for feeds\n' +
    'with kafka.schema_registry.register: false. User, password and authority, and without --against the address, come\n' +
    'from kafka.schema_registry. Exit code 1: a schema is incompatible, or the registry does not answer.',
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

/** Prints how our schemas relate to the registry's subjects. Returns false if one is incompatible. */
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
    const json = () => `${visibleJson(JSON.stringify({ subject, standing: kind, ...rest }))}\n`;
    await out.write(options.flag('json') ? json() : textLine(subject, standing, width));
  }
  return isFine;
}

function textLine(subject: string, standing: Standing, width: number): string {
  const id = standing.kind === 'registered' ? `  id ${standing.id}` : '';
  const reasons = standing.kind === 'incompatible' ? standing.reasons.map((reason) => `\n  ! ${visible(reason)}`) : [];
  return `${inColumns(subject, width)}${standing.kind}${id}${reasons.join('')}\n`;
}
