import { Fault } from '../domain/fault.ts';

/** One HTTP exchange with the registry; rejects only where there was no answer. The caller brings it: this room does no I/O. */
export type RegistryRequest = (request: {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}) => Promise<{ readonly status: number; readonly body: string }>;

export interface RegistryOptions {
  /** Base of the Confluent-compatible interface, `http://host:8081`. */
  readonly url: string;
  /** Register our schemas, or only look them up. */
  readonly register: boolean;
  readonly user?: string;
  readonly password?: string;
}

/** Faults: `unavailable` (backoff) where the registry is away or overloaded, `sink` (never) where it refuses. */
export interface SchemaRegistry {
  /** The registry's id of our schema under a subject (`TOPIC-value`, with all prefixes). Asked once. */
  idOf(subject: string, schemaJson: string): Promise<number>;
  /** The JSON of a schema by its id. Asked once. */
  schemaById(id: number): Promise<string>;
  /** The JSON of every version of a subject, oldest first; none where the subject is unknown. */
  versions(subject: string): Promise<readonly string[]>;
}

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

export function newSchemaRegistry(options: RegistryOptions, request: RegistryRequest): SchemaRegistry {
  const base = options.url.replace(/\/+$/, '');
  const headers: Record<string, string> = { accept: MEDIA_TYPE };
  if (options.user !== undefined) {
    const credentials = Buffer.from(`${options.user}:${options.password ?? ''}`).toString('base64');
    headers.authorization = `Basic ${credentials}`;
  }

  /** The parsed answer; undefined for 404. */
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
    if (status === 404) return undefined;
    const parsed = parse(answer.body);
    if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
    const passing = status === 408 || status === 429 || status >= 500 || (status >= 200 && status < 300);
    throw new Fault(
      passing ? 'unavailable' : 'sink',
      `schema registry: ${method} ${path}: ${status} ${textOf(parsed, 'message') ?? ''}`.trimEnd(),
      { status, ...(passing ? {} : { retry: { kind: 'never' } }) },
    );
  }

  async function fetchId(subject: string, schemaJson: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}${options.register ? '/versions' : ''}`;
    const id = fieldOf(await ask('POST', path, { schema: schemaJson }), 'id');
    if (typeof id === 'number') return id;
    const hint = options.register ? '' : ': register it, or set kafka.schema_registry.register';
    throw new Fault('sink', `schema registry: our schema is not under ${subject}${hint}`, { retry: { kind: 'never' } });
  }

  async function fetchSchema(id: number): Promise<string> {
    const schema = textOf(await ask('GET', `/schemas/ids/${id}`), 'schema');
    if (schema !== undefined) return schema;
    throw new Fault('sink', `schema registry: it has no schema ${id}`, { retry: { kind: 'never' } });
  }

  const ids = new Map<string, Promise<number>>();
  const schemas = new Map<number, Promise<string>>();
  return {
    idOf: (subject, schemaJson) => remember(ids, subject, () => fetchId(subject, schemaJson)),
    schemaById: (id) => remember(schemas, id, () => fetchSchema(id)),
    async versions(subject) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const numbers = await ask('GET', path);
      if (!Array.isArray(numbers)) return [];
      const answers = await Promise.all(numbers.map((number: unknown) => ask('GET', `${path}/${Number(number)}`)));
      return answers.map((answer) => textOf(answer, 'schema')).filter((schema) => schema !== undefined);
    },
  };
}

/** The answer to one question asked once, forgotten where it failed. */
function remember<K, V>(answers: Map<K, Promise<V>>, key: K, ask: () => Promise<V>): Promise<V> {
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = ask();
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
  }
  return answer;
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
    ? (answer as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function textOf(answer: unknown, name: string): string | undefined {
  const value = fieldOf(answer, name);
  return typeof value === 'string' ? value : undefined;
}
