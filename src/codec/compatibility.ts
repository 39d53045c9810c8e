import { unreadable } from './avro.ts';
import { type AvroSchema, type AvroSchemaObject, isUnion, type RecordSchema } from './schema-files.ts';

/**
 * Lists why `schema` is not FULL_TRANSITIVE compatible with all `versions`. Also rejects what Avro allows but breaks
 * our consumers: another logical type, precision, scale or identity, and an enum without default.
 */
export function fullTransitive(
  schema: RecordSchema,
  versions: readonly RecordSchema[],
  labelOf = (index: number): string => `version ${index + 1}`,
): readonly string[] {
  const problems = enumsWithoutDefault(schema, schema.name);
  versions.forEach((version, index) => {
    const label = labelOf(index);
    const backward = unreadable(schema, version);
    if (backward !== undefined) problems.push(`cannot read records of ${label}: ${backward}`);
    const forward = unreadable(version, schema);
    if (forward !== undefined) problems.push(`readers of ${label} cannot read it: ${forward}`);
    for (const change of changesOfMeaning(schema, version)) problems.push(`${change} than in ${label}`);
    if (JSON.stringify(schema.identity) !== JSON.stringify(version.identity)) {
      problems.push(`${schema.name} has another identity than in ${label}`);
    }
  });
  return problems;
}

function enumsWithoutDefault(schema: AvroSchema, path: string): string[] {
  if (typeof schema === 'string') return [];
  if (isUnion(schema)) return schema.flatMap((branch) => enumsWithoutDefault(branch, path));
  if (schema.type === 'enum') return schema.default === undefined ? [`${path} is an enum without default`] : [];
  return children(schema).flatMap(([name, child]) => enumsWithoutDefault(child, `${path}.${name}`));
}

function children(schema: AvroSchemaObject): readonly (readonly [string, AvroSchema])[] {
  return [
    ...(schema.fields ?? []).map((field) => [field.name, field.type] as const),
    ...(schema.items === undefined ? [] : [['items', schema.items] as const]),
    ...(schema.values === undefined ? [] : [['values', schema.values] as const]),
    ...(typeof schema.type === 'object' ? [['type', schema.type] as const] : []),
  ];
}

function changesOfMeaning(schema: RecordSchema, version: RecordSchema): string[] {
  const before = new Map(meanings(version, schema.name));
  return meanings(schema, schema.name).flatMap(([path, meaning]) => {
    const was = before.get(path);
    return was === undefined || was === meaning ? [] : [`${path} is ${meaning}, other`];
  });
}

/** The meaning of the values at each path, as far as Avro's type alone does not show it. */
function meanings(schema: AvroSchema, path: string): (readonly [string, string])[] {
  if (typeof schema === 'string') return schema === 'null' ? [] : [[path, 'plain']];
  if (isUnion(schema)) return schema.flatMap((branch) => meanings(branch, path));
  const { logicalType, precision, scale } = schema;
  if (logicalType !== undefined)
    return [[path, [logicalType, precision, scale].filter((part) => part !== undefined).join(' ')]];
  const inner = children(schema);
  return inner.length === 0 ? [[path, 'plain']] : inner.flatMap(([name, child]) => meanings(child, `${path}.${name}`));
}
