import { describe, expect, it, vi } from 'vitest';
import { newSchemaRegistry, type RegistryOptions, type RegistryRequest } from '../../src/codec/schema-registry.ts';
import { Fault } from '../../src/domain/fault.ts';

const options: RegistryOptions = { url: 'http://registry:8081/', register: true };

function registryThat(answer: RegistryRequest, changes: Partial<RegistryOptions> = {}) {
  const request = vi.fn(answer);
  return { request, registry: newSchemaRegistry({ ...options, ...changes }, request) };
}
const ok = (body: unknown) => async () => ({ status: 200, body: JSON.stringify(body) });

describe('schema registry', () => {
  it('registers a schema under its subject and asks once', async () => {
    const { registry, request } = registryThat(ok({ id: 42 }));
    expect(
      await Promise.all([
        registry.idOf('market.trades-value', '"long"'),
        registry.idOf('market.trades-value', '"long"'),
      ]),
    ).toEqual([42, 42]);
    expect(await registry.idOf('market.trades-value', '"long"')).toBe(42);
    expect(request.mock.calls).toEqual([
      [
        {
          method: 'POST',
          url: 'http://registry:8081/subjects/market.trades-value/versions',
          headers: {
            accept: 'application/vnd.schemaregistry.v1+json',
            'content-type': 'application/vnd.schemaregistry.v1+json',
          },
          body: '{"schema":"\\"long\\""}',
        },
      ],
    ]);
  });

  it('only looks up where it must not register, and sends the password', async () => {
    const { registry, request } = registryThat(ok({ subject: 's', id: 7, version: 1 }), {
      register: false,
      user: 'feed',
      password: 'geheim',
    });
    expect(await registry.idOf('a/b-value', '"long"')).toBe(7);
    expect(request.mock.calls[0]?.[0]).toMatchObject({
      url: 'http://registry:8081/subjects/a%2Fb-value',
      headers: { authorization: `Basic ${Buffer.from('feed:geheim').toString('base64')}` },
    });
  });

  it('fetches a schema by id once', async () => {
    const { registry, request } = registryThat(ok({ schema: '"long"' }));
    expect(await registry.schemaById(3)).toBe('"long"');
    expect(await registry.schemaById(3)).toBe('"long"');
    expect(request.mock.calls.map(([{ method, url }]) => [method, url])).toEqual([
      ['GET', 'http://registry:8081/schemas/ids/3'],
    ]);
  });

  it('lists the versions of a subject, none where it is unknown', async () => {
    const schemas: Record<string, unknown> = { versions: [1, 3], '1': { schema: '"int"' }, '3': { schema: '"long"' } };
    const { registry } = registryThat(async ({ url }) => ({
      status: url.includes('/trades-value/') ? 200 : 404,
      body: JSON.stringify(schemas[url.split('/').at(-1) as string]) ?? '',
    }));
    expect(await registry.versions('trades-value')).toEqual(['"int"', '"long"']);
    expect(await registry.versions('other-value')).toEqual([]);
  });

  it.each([
    ['is away', async () => Promise.reject(new Error('ECONNREFUSED')), 'unavailable', 'backoff'],
    ['is overloaded', async () => ({ status: 503, body: 'busy' }), 'unavailable', 'backoff'],
    ['limits us', async () => ({ status: 429, body: '' }), 'unavailable', 'backoff'],
    ['answers with a web page', async () => ({ status: 200, body: '<html>' }), 'unavailable', 'backoff'],
    ['wants another password', async () => ({ status: 401, body: '' }), 'sink', 'never'],
    [
      'finds the schema incompatible',
      async () => ({ status: 409, body: '{"error_code":409,"message":"incompatible"}' }),
      'sink',
      'never',
    ],
    ['does not know it', async () => ({ status: 404, body: '{"error_code":40403}' }), 'sink', 'never'],
  ])('where the registry %s', async (_, answer, kind, retry) => {
    const { registry } = registryThat(answer);
    await expect(registry.idOf('s', '"long"')).rejects.toMatchObject({ name: 'Fault', kind, retry: { kind: retry } });
    await expect(registry.schemaById(1)).rejects.toMatchObject({ name: 'Fault', kind, retry: { kind: retry } });
  });

  it('says what the registry said', async () => {
    const { registry } = registryThat(async () => ({ status: 409, body: '{"error_code":409,"message":"no default"}' }));
    await expect(registry.idOf('s', '"long"')).rejects.toThrow(
      'schema registry: POST /subjects/s/versions: 409 no default',
    );
  });

  it("passes the request's own fault on", async () => {
    const fault = new Fault('connect_timeout', 'slow');
    const { registry } = registryThat(async () => Promise.reject(fault));
    await expect(registry.idOf('s', '"long"')).rejects.toBe(fault);
  });

  it('asks again after a failure', async () => {
    const { registry, request } = registryThat(ok({ id: 42 }));
    request.mockRejectedValueOnce(new Error('ECONNREFUSED'));
    await expect(registry.idOf('s', '"long"')).rejects.toThrow('ECONNREFUSED');
    expect(await registry.idOf('s', '"long"')).toBe(42);
  });
});
