import { unreadable } from './avro.ts';
import { type AvroField, type AvroSchema, type AvroSchemaObject, isUnion, type RecordSchema } from './schema-files.ts';

/**
 * Lists why `schema` is not FULL_TRANSITIVE compatible with all `versions`. Also rejects what Avro allows but breaks
 * our consumers: another logical type, precision, scale or identity, an enum, and a field that allows fewer values or has
 * another fallback.
 */
export function fullTransitive(
  schema: RecordSchema,
  versions: readonly RecordSchema[],
  labelOf = (index: number): string => `version ${index + 1}`,
): readonly string[] {
  const problems = enumsIn(schema, schema.name);
  versions.forEach((version, index) => {
    const label = labelOf(index);
    const backward = unreadable(schema, version);
    if (backward !== undefined) problems.push(`cannot read records of ${label}: ${backward}`);
    const forward = unreadable(version, schema);
    if (forward !== undefined) problems.push(`readers of ${label} cannot read it: ${forward}`);
    for (const change of changesOfMeaning(schema, version)) problems.push(`${change} than in ${label}`);
    for (const change of changesOfAllowed(schema, version)) problems.push(`${change} in ${label}`);
    if (JSON.stringify(schema.identity) !== JSON.stringify(version.identity)) {
      problems.push(`${schema.name} has another identity than in ${label}`);
    }
  });
  return problems;
}

function enumsIn(schema: AvroSchema, path: string): string[] {
  if (typeof schema === 'string') return [];
  if (isUnion(schema)) return schema.flatMap((branch) => enumsIn(branch, path));
  if (schema.type === 'enum') return [`${path} is an enum, which several SQL engines cannot read`];
  return children(schema).flatMap(([name, child]) => enumsIn(child, `${path}.${name}`));
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

function changesOfAllowed(schema: RecordSchema, version: RecordSchema): string[] {
  const now = new Map(fieldsIn(schema, schema.name));
  return fieldsIn(version, version.name).flatMap(([path, { allowed = [], fallback }]) => {
    const field = now.get(path);
    if (field === undefined) return [];
    const lost = allowed.filter((value) => field.allowed?.includes(value) !== true);
    return [
      ...(lost.length === 0 ? [] : [`${path} no longer allows ${lost.join(', ')}, which it does`]),
      ...(field.fallback === fallback ? [] : [`${path} has the fallback ${field.fallback}, and ${fallback}`]),
    ];
  });
}

/** All fields, with those of nested records, by their path. */
function fieldsIn(schema: AvroSchema, path: string): readonly (readonly [string, AvroField])[] {
  if (typeof schema === 'string') return [];
  if (isUnion(schema)) return schema.flatMap((branch) => fieldsIn(branch, path));
  return [
    ...(schema.fields ?? []).map((field) => [`${path}.${field.name}`, field] as const),
    ...children(schema).flatMap(([name, child]) => fieldsIn(child, `${path}.${name}`)),
  ];
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
