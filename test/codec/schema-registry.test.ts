import { describe, expect, it, vi } from 'vitest';
import type { RecordSchema } from '../../src/codec/schema-files.ts';
import { newSchemaRegistry, type RegistryOptions, type RegistryRequest } from '../../src/codec/schema-registry.ts';
import { Fault } from '../../src/domain/fault.ts';

const options: RegistryOptions = { url: 'http://registry:8081/', register: true };

function registryThat(answer: RegistryRequest, changes: Partial<RegistryOptions> = {}) {
  const request = vi.fn(answer);
  return { request, registry: newSchemaRegistry({ ...options, ...changes }, request) };
}
const ok = (body: unknown) => async () => ({ status: 200, body: JSON.stringify(body) });

const record = (...fields: readonly object[]): RecordSchema =>
  ({ type: 'record', name: 'TradeEvent', fields }) as unknown as RecordSchema;
const price = { name: 'price', type: 'long' };
const first = record(price);
const second = record(price, { name: 'note', type: ['null', 'string'], default: null });
const broken = record(price, { name: 'note', type: 'string' });

interface Fake {
  /** Schemas by subject, as JSON. */
  readonly subjects: Record<string, string[]>;
  readonly compatibility?: { readonly is_compatible: boolean; readonly messages?: readonly unknown[] };
}

/** The answers of a registry with the API of Confluent. */
function fakeRegistry({ subjects, compatibility = { is_compatible: true } }: Fake): RegistryRequest {
  const ids: string[] = [];
  const idOf = (schema: string): number => {
    if (!ids.includes(schema)) ids.push(schema);
    return ids.indexOf(schema) + 1;
  };
  const answer = (status: number, body: unknown) => ({ status, body: JSON.stringify(body) });
  const unknown = answer(404, { error_code: 40401, message: 'not found' });
  return async ({ method, url, body = '{}' }) => {
    const [, kind, subject = '', , number] = new URL(url).pathname.split('/').map(decodeURIComponent);
    const { schema = '' } = JSON.parse(body) as { schema?: string };
    const versions = subjects[subject];
    if (kind === 'compatibility') return answer(200, compatibility);
    if (kind === 'schemas') {
      const found = ids[Number(url.split('/').at(-1)) - 1];
      return found === undefined ? unknown : answer(200, { schema: found });
    }
    if (method === 'POST' && url.endsWith('/versions')) {
      subjects[subject] = [...(versions ?? []), schema];
      return answer(200, { id: idOf(schema) });
    }
    if (versions === undefined) return unknown;
    if (method === 'POST') return versions.includes(schema) ? answer(200, { id: idOf(schema) }) : unknown;
    if (number === undefined)
      return answer(
        200,
        versions.map((_, index) => index + 1),
      );
    return answer(200, { schema: versions[Number(number) - 1] });
  };
}

const asked = (request: ReturnType<typeof registryThat>['request']): string[] =>
  request.mock.calls.map(([{ method, url }]) => `${method} ${url.replace('http://registry:8081', '')}`);

describe('the schema registry client', () => {
  it.each([[{ toString: 0, valueOf: 0 }], [null], ['1'], [1.5]])(
    'reports the registry as unavailable if its list of versions contains %j',
    async (version) => {
      const fake = fakeRegistry({ subjects: { s: [JSON.stringify(first)] } });
      const { registry } = registryThat(async (request) => {
        const listed = { status: 200, body: JSON.stringify([1, version]) };
        return request.url.endsWith('/versions') && request.method === 'GET' ? listed : fake(request);
      });
      await expect(registry.idOf('s', second)).rejects.toMatchObject({ kind: 'unavailable' });
    },
  );

  it('remembers for five seconds that the registry has no such id, and then asks again', async () => {
    let now = 0;
    const subjects: Record<string, string[]> = {};
    const request = vi.fn(fakeRegistry({ subjects }));
    const registry = newSchemaRegistry(options, request, () => now);
    const kinds = new Set<string>();
    for (let message = 0; message < 20_000; message++)
      kinds.add(await registry.schemaById(1).catch((error: Fault) => error.kind));
    expect([...kinds]).toEqual(['malformed']);
    expect(request).toHaveBeenCalledTimes(1);
    await registry.idOf('s', first);
    request.mockClear();
    now = 4999;
    await expect(registry.schemaById(7)).rejects.toThrow('it has no schema 7');
    now = 5000;
    expect(JSON.parse(await registry.schemaById(1))).toEqual(first);
    now = 9998;
    await expect(registry.schemaById(7)).rejects.toThrow('it has no schema 7');
    expect(request).toHaveBeenCalledTimes(1);
    now = 9999;
    await expect(registry.schemaById(7)).rejects.toThrow('it has no schema 7');
    expect(request).toHaveBeenCalledTimes(2);
  });

  it('asks again at once if the registry was away', async () => {
    const { registry, request } = registryThat(async () => ({ status: 503, body: '{}' }));
    for (let message = 1; message <= 2; message++) {
      await expect(registry.schemaById(1)).rejects.toMatchObject({ kind: 'unavailable' });
      expect(request).toHaveBeenCalledTimes(message);
    }
  });

  it('registers a schema under its subject and asks once', async () => {
    const subjects: Record<string, string[]> = {};
    const { registry, request } = registryThat(fakeRegistry({ subjects }));
    expect(await Promise.all([registry.idOf('s', first), registry.idOf('s', first)])).toEqual([1, 1]);
    expect(await registry.idOf('s', first)).toBe(1);
    expect(subjects).toEqual({ s: [JSON.stringify(first)] });
    expect(asked(request)).toEqual(['POST /subjects/s', 'GET /subjects/s/versions', 'POST /subjects/s/versions']);
    expect(request.mock.calls[0]?.[0]).toEqual({
      method: 'POST',
      url: 'http://registry:8081/subjects/s',
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json',
        'content-type': 'application/vnd.schemaregistry.v1+json',
      },
      body: JSON.stringify({ schema: JSON.stringify(first) }),
    });
  });

  it('returns a schema by id without a request if it asked for that id before', async () => {
    const { registry, request } = registryThat(fakeRegistry({ subjects: { s: [JSON.stringify(first)] } }));
    expect(await registry.schemaById(await registry.idOf('s', first))).toBe(JSON.stringify(first));
    expect(asked(request)).toEqual(['POST /subjects/s']);
  });

  it('registers a further version that is compatible with the earlier ones', async () => {
    const subjects = { s: [JSON.stringify(first)] };
    const { registry } = registryThat(fakeRegistry({ subjects }));
    expect(await registry.standingOf('s', second)).toEqual({ kind: 'compatible' });
    await registry.idOf('s', second);
    expect(subjects.s).toEqual([JSON.stringify(first), JSON.stringify(second)]);
  });

  it.each([
    ['an added field without default', broken, {}, /version 1.*no matching field for default-less/],
    ['a version that is not a record', first, { subjects: { s: ['"long"'] } }, /version 1/],
    ['a version that is not JSON', first, { subjects: { s: ['syntax = "proto3"'] } }, /version 1 is no record of Avro/],
    [
      'an answer with a reason',
      second,
      { compatibility: { is_compatible: false, messages: ['NAME_MISMATCH at /name', 7] } },
      /NAME_MISMATCH at \/name$/,
    ],
    [
      'an answer without a reason',
      second,
      { compatibility: { is_compatible: false } },
      /the registry finds it incompatible/,
    ],
  ])('refuses to register an incompatible schema: %s', async (_, schema, fake: Partial<Fake>, reason) => {
    const subjects = fake.subjects ?? { s: [JSON.stringify(first)] };
    const before = structuredClone(subjects);
    const { registry, request } = registryThat(fakeRegistry({ ...fake, subjects }));
    const standing = await registry.standingOf('s', schema);
    expect(standing.kind === 'incompatible' && standing.reasons.join()).toMatch(reason);
    await expect(registry.idOf('s', schema)).rejects.toMatchObject({
      kind: 'sink',
      retry: { kind: 'never' },
      message: expect.stringMatching(/^schema registry: our schema TradeEvent is not compatible with the subject s: /),
    });
    expect(subjects).toEqual(before);
    expect(asked(request)).not.toContain('POST /subjects/s/versions');
  });

  it('only looks up the id if register is false, and sends the password', async () => {
    const { registry, request } = registryThat(ok({ subject: 's', id: 7, version: 1 }), {
      register: false,
      user: 'feed',
      password: 'geheim',
    });
    expect(await registry.idOf('a/b-value', first)).toBe(7);
    expect(request.mock.calls[0]?.[0]).toMatchObject({
      url: 'http://registry:8081/subjects/a%2Fb-value',
      headers: { authorization: `Basic ${Buffer.from('feed:geheim').toString('base64')}` },
    });
  });

  it('names the command to run if a schema is missing and register is false', async () => {
    const { registry, request } = registryThat(fakeRegistry({ subjects: {} }), { register: false });
    await expect(registry.idOf('market.trades-value', first)).rejects.toMatchObject({
      retry: { kind: 'never' },
      message:
        'schema registry: our schema TradeEvent is not under the subject market.trades-value: run market-feed schemas register, or set kafka.schema_registry.register',
    });
    expect(asked(request)).toEqual(['POST /subjects/market.trades-value']);
  });

  it('fetches a schema by id once', async () => {
    const { registry, request } = registryThat(ok({ schema: '"long"' }));
    expect(await registry.schemaById(3)).toBe('"long"');
    expect(await registry.schemaById(3)).toBe('"long"');
    expect(asked(request)).toEqual(['GET /schemas/ids/3']);
  });

  it('reports an unknown schema id as malformed, without a retry', async () => {
    const { registry } = registryThat(fakeRegistry({ subjects: {} }));
    await expect(registry.schemaById(99)).rejects.toMatchObject({ kind: 'malformed', retry: { kind: 'never' } });
  });

  it.each([
    ['cannot be reached', async () => Promise.reject(new Error('ECONNREFUSED')), 'unavailable', 'backoff'],
    ['is overloaded', async () => ({ status: 503, body: 'busy' }), 'unavailable', 'backoff'],
    ['limits requests', async () => ({ status: 429, body: '' }), 'unavailable', 'backoff'],
    ['answers 200 with a web page', async () => ({ status: 200, body: '<html>' }), 'unavailable', 'backoff'],
    ['is missing and a proxy answers 404', async () => ({ status: 404, body: '<html>' }), 'unavailable', 'backoff'],
    ['refuses the password', async () => ({ status: 401, body: '' }), 'sink', 'never'],
    ['cannot parse the schema', async () => ({ status: 422, body: '{"error_code":42201}' }), 'sink', 'never'],
  ])('reports a fault with the right retry if the registry %s', async (_, answer, kind, retry) => {
    const { registry } = registryThat(answer);
    await expect(registry.idOf('s', first)).rejects.toMatchObject({ name: 'Fault', kind, retry: { kind: retry } });
    await expect(registry.schemaById(1)).rejects.toMatchObject({ name: 'Fault', kind, retry: { kind: retry } });
  });

  it('leaves the credentials of the URL out of errors', async () => {
    const { registry } = registryThat(async () => ({ status: 404, body: '<html>' }), {
      url: 'http://me:hunter2@there',
    });
    await expect(registry.schemaById(1)).rejects.toThrow('http://[secret]@there answers 404');
  });

  it('includes the message of the registry in the error', async () => {
    const { registry } = registryThat(async () => ({ status: 409, body: '{"error_code":409,"message":"no default"}' }));
    await expect(registry.idOf('s', first)).rejects.toThrow('schema registry: POST /subjects/s: 409 no default');
  });

  it('rejects with the fault of the request', async () => {
    const fault = new Fault('connect_timeout', 'slow');
    const { registry } = registryThat(async () => Promise.reject(fault));
    await expect(registry.idOf('s', first)).rejects.toBe(fault);
  });

  it('asks again after a failure', async () => {
    const { registry, request } = registryThat(ok({ id: 42 }));
    request.mockRejectedValueOnce(new Error('ECONNREFUSED'));
    await expect(registry.idOf('s', first)).rejects.toThrow('ECONNREFUSED');
    expect(await registry.idOf('s', first)).toBe(42);
  });
});
