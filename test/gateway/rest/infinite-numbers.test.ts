import { expect, it } from 'vitest';
import { heartbeat, orderBook, trade, tradeStats } from '../../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway-under-test.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly type?: string };
}

it('the gateway refuses infinite numbers in every numeric parameter of the API', async () => {
  const { json, publish } = await gatewayUnderTest();
  publish(heartbeat(), orderBook(), trade(1), trade(2), tradeStats(0));
  const { paths } = (await json('/docs/json')) as {
    paths: Readonly<Record<string, { readonly get: { readonly parameters?: readonly Parameter[] } }>>;
  };
  const numeric = Object.entries(paths).flatMap(([path, { get }]) =>
    (get.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && /^(?:integer|number)$/.test(parameter.schema.type ?? ''))
      .map(({ name }) => ({ path: path.replace('{symbol}', 'BTC'), name })),
  );
  expect(new Set(numeric.map(({ name }) => name))).toEqual(
    new Set(['limit', 'levels', 'window', 'bins', 'threshold', 'before']),
  );
  for (const { path, name } of numeric)
    for (const value of ['Infinity', '-Infinity', '%2BInfinity', '1e999', '-1e999']) {
      const { details } = await json(`${path}?${name}=${value}`, 400);
      expect(details).toMatchObject({ field: name, allowed: expect.stringMatching(/^a (?:whole )?number from /) });
    }
});
