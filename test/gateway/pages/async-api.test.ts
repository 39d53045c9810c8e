import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewayUnderTest } from '../gateway-under-test.ts';

const text = readFileSync(new URL('../../../schemas/asyncapi.yaml', import.meta.url), 'utf8');
const json = 'application/json; charset=utf-8';
const yaml = 'application/yaml; charset=utf-8';

it('the AsyncAPI document is served as JSON and as YAML, without a token', async () => {
  const { get } = await gatewayUnderTest({ token: 'sesame' });
  for (const [path, type] of [
    ['/docs/asyncapi', json],
    ['/docs/asyncapi/', json],
    ['/docs/asyncapi.json', json],
    ['/docs/asyncapi.yaml', yaml],
  ] as const) {
    const answer = await get(path, { headers: { accept: 'application/yaml' } });
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, type]);
    const body = await answer.text();
    if (type === yaml) expect(body).toBe(text);
    else expect(JSON.parse(body)).toEqual(parse(text));
  }
});
