import { readFileSync } from 'node:fs';
import { newSchemaRegistry, type SchemaRegistry } from '../codec/schema-registry.ts';
import { Fault } from '../domain/fault.ts';
import { httpRequest } from '../net/http-request.ts';
import type { KafkaConfig } from './config.ts';

/** The configured schema registry; undefined where there is none. Throws a Fault (never) where its authorities cannot be read. */
export function registryOf({ schemaRegistry }: KafkaConfig): SchemaRegistry | undefined {
  if (schemaRegistry === null) return undefined;
  const { url, register, user, password, caFile } = schemaRegistry;
  const tls = caFile === null ? {} : { ca: readAuthorities(caFile) };
  return newSchemaRegistry(
    {
      url,
      register,
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { password: password.reveal() }),
    },
    (request) => httpRequest(request, tls),
  );
}

function readAuthorities(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `kafka.schema_registry.ca_file: ${path} cannot be read`;
    throw new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }
}
