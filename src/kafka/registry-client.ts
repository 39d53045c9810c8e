import { readFileSync } from 'node:fs';
import { newSchemaRegistry, type SchemaRegistry } from '../codec/schema-registry.ts';
import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { httpRequest } from '../net/http-request.ts';
import { networkFault } from '../net/network-fault.ts';
import { tlsProblem } from '../net/tls-problem.ts';
import type { KafkaConfig } from './config.ts';

type RegistryConfig = NonNullable<KafkaConfig['schemaRegistry']>;

const registries = new WeakMap<RegistryConfig, SchemaRegistry>();

/** The configured schema registry, if there is one. @throws Fault with retry `never` if `caFile` is unreadable */
export function registryOf({ schemaRegistry }: Pick<KafkaConfig, 'schemaRegistry'>): SchemaRegistry | undefined {
  return schemaRegistry === null ? undefined : registryAt(schemaRegistry);
}

/**
 * Returns a configuration's schema registry; its users share a cache. @throws Fault with retry `never` if `caFile` is
 * unreadable
 */
export function registryAt(config: RegistryConfig): SchemaRegistry {
  return getOrCreate(registries, config, newRegistry);
}

function newRegistry({ url, register, user, password, caFile }: RegistryConfig): SchemaRegistry {
  const tls = caFile === null ? {} : { ca: readAuthorities(caFile) };
  return newSchemaRegistry(
    {
      url,
      register,
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { password: password.reveal() }),
    },
    async (request) => {
      try {
        return await httpRequest(request, { ...tls, maxBytes: MAX_BYTES });
      } catch (cause) {
        const problem = tlsProblem(cause);
        const reason =
          problem === undefined
            ? networkFault(cause, url).message
            : `no TLS with ${new URL(url).host}: ${problem.text}`;
        const isLasting = problem?.side === 'here';
        throw new Fault('unavailable', `schema registry: ${reason}`, { ...(isLasting ? NEVER : {}), cause });
      }
    },
  );
}

/** Maximum bytes of an answer. Our largest schema has a few KiB. */
const MAX_BYTES = 8 * 2 ** 20;
const NEVER = { retry: { kind: 'never' } } as const;

function readAuthorities(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `kafka.schema_registry.ca_file: ${path} cannot be read`;
    throw new Fault('sink', message, { retry: { kind: 'never' }, cause });
  }
}
