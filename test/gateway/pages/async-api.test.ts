import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewayUnderTest } from '../gateway-under-test.ts';

const text = readFileSync(new URL('../../../schemas/asyncapi.yaml', import.meta.url), 'utf8');
const json = 'application/json; charset=utf-8';
const yaml = 'application/yaml; charset=utf-8';

it('the AsyncAPI document is served as JSON or YAML, without a token', async () => {
  const { get } = await gatewayUnderTest({ token: 'sesame' });
  for (const [path, accept, type] of [
    ['/docs/asyncapi', '*/*', json],
    ['/docs/asyncapi/', 'text/html, */*;q=0.8', json],
    ['/docs/asyncapi', 'application/json, application/yaml', json],
    ['/docs/asyncapi', 'application/yaml;q=0', json],
    ['/docs/asyncapi', 'application/yaml', yaml],
    ['/docs/asyncapi', 'application/vnd.aai.asyncapi+yaml;version=3.0.0, */*;q=0.1', yaml],
    ['/docs/asyncapi', 'application/json;q=0.5, text/x-yaml;q=0.7', yaml],
    ['/docs/asyncapi.json', 'application/yaml', json],
    ['/docs/asyncapi.yaml', 'application/json', yaml],
  ] as const) {
    const answer = await get(path, { headers: { accept } });
    const found = [path, accept, answer.status, answer.headers.get('content-type')];
    expect(found).toEqual([path, accept, 200, type]);
    expect(answer.headers.get('vary')?.split(', ').includes('accept')).toBe(!path.includes('.'));
    const body = await answer.text();
    if (type === yaml) expect(body).toBe(text);
    else expect(JSON.parse(body)).toEqual(parse(text));
  }
});
