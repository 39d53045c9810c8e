import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { hideCredentials } from '../domain/options/hide-credentials.ts';
import { fullTransitive } from './compatibility.ts';
import { parseSchema, type RecordSchema } from './schema-files.ts';

/** Sends a request to the registry; rejects only without an answer. The caller provides it: this folder does no I/O. */
export type RegistryRequest = (request: {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}) => Promise<{ readonly status: number; readonly body: string }>;

export interface RegistryOptions {
  /** Base address of a Confluent-compatible registry, `http://host:8081`. */
  readonly url: string;
  /** False: schemas are only looked up, never registered. */
  readonly register: boolean;
  readonly user?: string;
  readonly password?: string;
}

/** How our schema relates to a subject. */
export type Standing =
  /** The subject has the schema as a version. */
  | { readonly kind: 'registered'; readonly id: number }
  /** The registry does not know the subject. */
  | { readonly kind: 'new' }
  /** The schema may become the next version. */
  | { readonly kind: 'compatible' }
  /** The schema may not become the next version; the reasons are for people. */
  | { readonly kind: 'incompatible'; readonly reasons: readonly string[] };

/**
 * Rejects with a Fault of kind `unavailable` (the registry is away or overloaded), `sink` (it refuses) or `malformed`
 * (it has no such id).
 */
export interface SchemaRegistry {
  /**
   * Returns the id of our schema under a subject (`TOPIC-value`); registers the schema if `register` is set. The
   * registry is asked once for each subject.
   */
  idOf(subject: string, schema: RecordSchema): Promise<number>;
  /** Returns a schema as JSON. The registry is asked once for each id; for a missing id, once in five seconds. */
  schemaById(id: number): Promise<string>;
  /** Returns how our schema relates to a subject. Changes nothing in the registry. */
  standingOf(subject: string, schema: RecordSchema): Promise<Standing>;
}

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

/**
 * How long a missing id is remembered, milliseconds: each message may name one. It is short, because a registry of
 * several servers may know a new id only after some time.
 */
const MISSING_FOR_MS = 5000;
const MOST_MISSING = 10_000;

/** `now` returns the monotonic clock's time, milliseconds. */
export function newSchemaRegistry(
  options: RegistryOptions,
  request: RegistryRequest,
  now: () => number = () => performance.now(),
): SchemaRegistry {
  const base = options.url.replace(/\/+$/, '');
  const headers: Record<string, string> = { accept: MEDIA_TYPE };
  if (options.user !== undefined) {
    const credentials = Buffer.from(`${options.user}:${options.password ?? ''}`).toString('base64');
    headers.authorization = `Basic ${credentials}`;
  }

  /** Returns the parsed answer; undefined if the registry reports that there is no such thing. */
  async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const answer = await request({
      method,
      url: base + path,
      headers: body === undefined ? headers : { ...headers, 'content-type': MEDIA_TYPE },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Fault('unavailable', `schema registry: ${method} ${path}: ${reason}`, { cause: error });
    });
    const { status } = answer;
    const parsed = parse(answer.body);
    if (status === 404 && fieldOf(parsed, 'error_code') !== undefined) return undefined;
    if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
    const login = options.user === undefined ? 'a request without login' : `user ${options.user}`;
    if (status === 401 || status === 403) throw refusal(`it refuses ${login}: ${status}`);
    const wrongBase = `${hideCredentials(base)} answers 404 as no registry does: is it the base address?`;
    if (status === 404) throw new Fault('unavailable', `schema registry: ${wrongBase}`, { status });
    const passing = status === 408 || status === 429 || status >= 500 || (status >= 200 && status < 300);
    const message = `schema registry: ${method} ${path}: ${status} ${textOf(parsed, 'message') ?? ''}`.trimEnd();
    if (passing) throw new Fault('unavailable', message, { status });
    throw new Fault('sink', message, { status, retry: { kind: 'never' } });
  }

  const pathOf = (subject: string) => `/subjects/${encodeURIComponent(subject)}`;

  async function lookUp(subject: string, schemaJson: string): Promise<number | undefined> {
    return idIn(await ask('POST', pathOf(subject), { schema: schemaJson }));
  }

  /** The versions of a subject, oldest first; empty if the subject is unknown. */
  async function versionsOf(subject: string): Promise<readonly { readonly number: number; readonly schema: string }[]> {
    const path = `${pathOf(subject)}/versions`;
    const numbers = await ask('GET', path);
    if (!Array.isArray(numbers)) return [];
    const versions = numbers.map(async (version: unknown) => {
      const number = wholeNumber(version, 'version');
      const schema = textOf(await ask('GET', `${path}/${number}`), 'schema');
      return schema === undefined ? [] : [{ number, schema }];
    });
    return (await Promise.all(versions)).flat();
  }

  async function standingOf(subject: string, schema: RecordSchema): Promise<Standing> {
    const schemaJson = JSON.stringify(schema);
    const id = await lookUp(subject, schemaJson);
    if (id !== undefined) return { kind: 'registered', id };
    const versions = await versionsOf(subject);
    if (versions.length === 0) return { kind: 'new' };
    // Our check comes first: the registry's own check may be weaker, or off.
    const reasons = versions.flatMap(({ number, schema: version }) => problemsWith(schema, version, number));
    if (reasons.length > 0) return { kind: 'incompatible', reasons };
    const path = `/compatibility${pathOf(subject)}/versions?verbose=true`;
    const answer = await ask('POST', path, { schema: schemaJson });
    if (fieldOf(answer, 'is_compatible') !== false) return { kind: 'compatible' };
    const messages = fieldOf(answer, 'messages');
    const given = Array.isArray(messages) ? messages.filter((message) => typeof message === 'string') : [];
    return { kind: 'incompatible', reasons: given.length > 0 ? given : ['the registry finds it incompatible'] };
  }

  async function idFor(subject: string, schema: RecordSchema): Promise<number> {
    if (!options.register) {
      const id = await lookUp(subject, JSON.stringify(schema));
      if (id !== undefined) return id;
      const hint = 'run market-feed schemas register, or set kafka.schema_registry.register';
      throw refusal(`our schema ${schema.name} is not under the subject ${subject}: ${hint}`);
    }
    const standing = await standingOf(subject, schema);
    if (standing.kind === 'registered') return standing.id;
    if (standing.kind === 'incompatible')
      throw refusal(
        `our schema ${schema.name} is not compatible with the subject ${subject}: ${standing.reasons.join('; ')}`,
      );
    const id = idIn(await ask('POST', `${pathOf(subject)}/versions`, { schema: JSON.stringify(schema) }));
    if (id !== undefined) return id;
    throw refusal(`it gave our schema ${schema.name} no id under the subject ${subject}`);
  }

  async function fetchSchema(id: number): Promise<string> {
    const schema = textOf(await ask('GET', `/schemas/ids/${id}`), 'schema');
    if (schema !== undefined) return schema;
    missing.delete(id);
    missing.set(id, now());
    const [oldest] = missing.keys();
    if (missing.size > MOST_MISSING && oldest !== undefined) missing.delete(oldest);
    throw noSchema(id);
  }

  const ids = new Map<string, Promise<number>>();
  const schemas = new Map<number, Promise<string>>();
  /** When the registry last answered that it has no such id. */
  const missing = new Map<number, number>();
  return {
    idOf: (subject, schema) =>
      remember(ids, subject, async () => {
        const id = await idFor(subject, schema);
        schemas.set(id, Promise.resolve(JSON.stringify(schema)));
        return id;
      }),
    async schemaById(id) {
      const missedAt = missing.get(id);
      if (missedAt !== undefined && !schemas.has(id) && now() - missedAt < MISSING_FOR_MS) throw noSchema(id);
      return remember(schemas, id, () => fetchSchema(id));
    },
    standingOf,
  };
}

/** The id in an answer; undefined without an answer. It must fit into the 32 bits before each record. */
function idIn(answer: unknown): number | undefined {
  return answer === undefined ? undefined : wholeNumber(fieldOf(answer, 'id'), 'id');
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Fault('unavailable', `schema registry: ${JSON.stringify(value)?.slice(0, 40)} is no ${what} of a schema`);
}

/** Why our schema does not fit a version of its subject; any producer may register a version. */
function problemsWith(schema: RecordSchema, version: string, number: number): readonly string[] {
  try {
    return fullTransitive(schema, [parseSchema(version)], () => `version ${number}`);
  } catch {
    return [`version ${number} is no record of Avro`];
  }
}

/** Any producer may write any id into a topic: the record is unreadable, but the registry works. */
const noSchema = (id: number): Fault =>
  new Fault('malformed', `schema registry: it has no schema ${id}`, { retry: { kind: 'never' } });

const refusal = (message: string): Fault =>
  new Fault('sink', `schema registry: ${message}`, { retry: { kind: 'never' } });

/** Returns the remembered answer, or asks for it. Failures are not remembered. */
function remember<K, V>(answers: Map<K, Promise<V>>, key: K, ask: () => Promise<V>): Promise<V> {
  return getOrCreate(answers, key, () => {
    const answer = ask();
    answer.catch(() => answers.delete(key));
    return answer;
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function fieldOf(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null
    ? new Map<string, unknown>(Object.entries(answer)).get(name)
    : undefined;
}

function textOf(answer: unknown, name: string): string | undefined {
  const value = fieldOf(answer, name);
  return typeof value === 'string' ? value : undefined;
}
