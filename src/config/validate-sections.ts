import { z } from 'zod';
import { shown } from '../domain/options/shown.ts';
import { variableOf } from './environment-overrides.ts';
import { type ConfigReport, refuseIssue, refuseUnknownKey, type Validated } from './report.ts';
import { type SectionName, type Sections, secrets, sections } from './schema.ts';
import { bare, isNullable, keysOf, schemaAt } from './schema-walk.ts';
import type { KeyPath } from './yaml-source.ts';

export type Plain = Record<string, unknown>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The valid sections with defaults filled in; problems go into the report. */
export function validateSections(root: Plain, report: ConfigReport): Partial<Sections> {
  const value = withoutEmptySections(root, sections);
  const validated: Validated = { root: value, report, keysOf: (key) => Object.keys(keysOf(schemaAt(key)) ?? {}) };
  for (const key of Object.keys(value))
    if (!Object.hasOwn(sections, key)) refuseUnknownKey(validated, [key], Object.keys(sections));
  const valid: Plain = {};
  for (const name of Object.keys(sections) as SectionName[]) {
    const result = sections[name].safeParse(Object.hasOwn(value, name) ? value[name] : undefined);
    if (result.success) valid[name] = result.data;
    else for (const issue of result.error.issues) refuseIssue(validated, issue, [name]);
  }
  // The cast is safe: each value was parsed by the schema of its name.
  const checked = valid as Partial<Sections>;
  checkTogether(checked, report);
  return checked;
}

/** The rules about several keys. */
function checkTogether({ feed, venues, sinks, kafka, cluster }: Partial<Sections>, report: ConfigReport): void {
  if (sinks?.includes('kafka') && kafka !== undefined && kafka.brokers.length === 0) {
    report.refuse(['kafka', 'brokers'], '[]', 'at least one host:port, because sinks has kafka');
  }
  const used = sinks ?? (kafka?.brokers.length === 0 ? ['file'] : ['kafka']);
  if (cluster?.enabled === true && used.some((sink) => sink !== 'kafka')) {
    const allowed = 'false, or sinks: [kafka] alone: instances that share the coins resume where the topics end';
    report.refuse(['cluster', 'enabled'], 'true', allowed);
  }
  if (feed !== undefined && venues !== undefined && feed.venues.every((venue) => !venues[venue].enabled)) {
    const allowed = 'at least one venue that is enabled (venues.VENUE.enabled: true)';
    report.refuse(['feed', 'venues'], shown(feed.venues), allowed);
  }
}

/** `feed:` without a value is an empty section, not null. */
function withoutEmptySections(value: Plain, keys: Readonly<Record<string, unknown>>): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const schema = Object.hasOwn(keys, key) ? keys[key] : undefined;
      const innerKeys = keysOf(schema);
      if (innerKeys === undefined) return [key, inner];
      if (inner === null && !isNullable(schema)) return [key, undefined];
      return [key, isPlain(inner) ? withoutEmptySections(inner, innerKeys) : inner];
    }),
  );
}

/** Removes secrets from a file's values and reports them: they belong in a separate file or the environment. */
export function refuseSecrets(value: Plain, report: ConfigReport, at: KeyPath = []): Plain {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const here = [...at, key];
      const schema = bare(schemaAt(here));
      const mark = schema instanceof z.ZodString ? secrets.get(schema) : undefined;
      if (mark === undefined) return [[key, isPlain(inner) ? refuseSecrets(inner, report, here) : inner]];
      const allowed = `${mark.file} with the path of a file, or the environment variable ${variableOf(here)}`;
      report.refuse(here, '[secret]', allowed);
      return [];
    }),
  );
}
