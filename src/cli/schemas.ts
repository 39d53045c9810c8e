import type { SchemaRegistry, Standing } from '../codec/schema-registry.ts';
import type { Config } from '../config/config.ts';
import { type Command, type CommandContext, choiceIn, UsageError } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';
import type { Subject, SubjectStanding } from './sink-check/subjects.ts';
import { inColumns, visible, visibleJson } from './terminal/terminal-text.ts';

export const command: Command = {
  usage: 'schemas check|register [--against URL] [--json] [--config FILE]',
  about:
    'check compares our schemas with the subject of every topic (TOPIC-value): registered, new, compatible, or\n' +
    'incompatible and why; it changes nothing. register registers missing schemas if none is incompatible, and prints\n' +
    'the ids, for feeds with kafka.schema_registry.register: false. User, password and authority, and without --against\n' +
    'the address, come from kafka.schema_registry. Exit code 1: a schema is incompatible, or the registry does not answer.',
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
    const { standingsOf, subjectsOf } = await import('./sink-check/subjects.ts');
    const subjects = subjectsOf(config);
    const standings = await standingsOf(subjects, registry);
    const isFine = standings.every(({ standing }) => standing.kind !== 'incompatible');
    if (isFine && action === 'register') await report(await registered(subjects, registry), context);
    else await report(standings, context);
    return isFine ? 0 : 1;
  },
};

async function registryFor({ kafka, source }: Config, { options }: CommandContext): Promise<SchemaRegistry> {
  const url = options.text('against') ?? kafka.schemaRegistry?.url;
  if (url === undefined)
    throw new UsageError(
      `no schema registry is named: give --against URL, or set kafka.schema_registry.url in ${source ?? 'a configuration'}`,
    );
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`--against: found "${url}", allowed: an address such as http://localhost:8081`);
  const login = kafka.schemaRegistry ?? { user: null, password: null, caFile: null };
  const { registryAt } = await import('../kafka/registry-client.ts');
  return registryAt({ ...login, url, register: true });
}

/** Registers the missing schemas. Returns the ids of all schemas. */
async function registered(subjects: readonly Subject[], registry: SchemaRegistry): Promise<readonly SubjectStanding[]> {
  const standings: SubjectStanding[] = [];
  for (const { subject, schema } of subjects)
    standings.push({ subject, standing: { kind: 'registered', id: await registry.idOf(subject, schema) } });
  return standings;
}

async function report(standings: readonly SubjectStanding[], { options, out }: CommandContext): Promise<void> {
  const width = Math.max(...standings.map(({ subject }) => subject.length)) + 2;
  for (const { subject, standing } of standings) {
    const { kind, ...rest } = standing;
    const json = () => `${visibleJson(JSON.stringify({ subject, standing: kind, ...rest }))}\n`;
    await out.write(options.flag('json') ? json() : textLine(subject, standing, width));
  }
}

function textLine(subject: string, standing: Standing, width: number): string {
  const id = standing.kind === 'registered' ? `  id ${standing.id}` : '';
  const reasons = standing.kind === 'incompatible' ? standing.reasons.map((reason) => `\n  ! ${visible(reason)}`) : [];
  return `${inColumns(subject, width)}${standing.kind}${id}${reasons.join('')}\n`;
}
