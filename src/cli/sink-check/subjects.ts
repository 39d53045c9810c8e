import { codecOf } from '../../codec/avro.ts';
import type { RecordSchema } from '../../codec/schema-files.ts';
import type { SchemaRegistry, Standing } from '../../codec/schema-registry.ts';
import { TOPICS } from '../../codec/topics.ts';
import { type Config, environmentPrefixes } from '../../config/config.ts';

/** A subject of the registry, and our schema for it. */
export interface Subject {
  readonly subject: string;
  readonly schema: RecordSchema;
}

export interface SubjectStanding {
  readonly subject: string;
  readonly standing: Standing;
}

/** The subjects of all topics of a configuration. */
export function subjectsOf(config: Config): readonly Subject[] {
  return environmentPrefixes(config).flatMap((prefix) =>
    TOPICS.map(({ name, kind }) => ({
      subject: `${config.kafka.topicPrefix}${prefix}${name}-value`,
      schema: codecOf(kind).schema,
    })),
  );
}

/** How our schemas relate to the registry's subjects. Rejects with a Fault if the registry fails. */
export async function standingsOf(
  subjects: readonly Subject[],
  registry: SchemaRegistry,
): Promise<readonly SubjectStanding[]> {
  const standings: SubjectStanding[] = [];
  for (const { subject, schema } of subjects)
    standings.push({ subject, standing: await registry.standingOf(subject, schema) });
  return standings;
}
