import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { newSchemaRegistry } from '../../src/codec/schema-registry.ts';
import { Fault } from '../../src/domain/fault.ts';
import { expectHarmless, hostileText } from '../../testing/feeds/hostile-json.ts';

const names = ['id', 'schema', 'error_code', 'message', 'is_compatible', 'messages', 'version'];

it("the registry client returns only valid ids and schemas from a registry's random answers, or throws a Fault", async () => {
  const { schema } = codecOf('trade');
  const bodies = fc.oneof(
    hostileText(names),
    fc.string(),
    fc.constant(`{"id":${'9'.repeat(400)}}`),
    fc.constant('['.repeat(100_000)),
  );
  const answers = fc.array(
    fc.record({ status: fc.constantFrom(200, 200, 200, 204, 302, 404, 409, 500), body: bodies }),
    {
      minLength: 4,
      maxLength: 4,
    },
  );
  await fc.assert(
    fc.asyncProperty(answers, fc.boolean(), async (list, register) => {
      let next = 0;
      const request = async () => list[next++ % list.length] as { status: number; body: string };
      const registry = newSchemaRegistry({ url: 'http://registry', register }, request);
      const asked = await expectHarmless(() =>
        Promise.allSettled([registry.idOf('s', schema), registry.schemaById(1), registry.standingOf('t', schema)]),
      );
      for (const answer of asked) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(Fault);
      const [id, json] = asked;
      // The id in front of each record has 32 bits.
      if (id.status === 'fulfilled')
        expect(Number.isInteger(id.value) && id.value >= 0 && id.value < 2 ** 32).toBe(true);
      if (json.status === 'fulfilled') expect(typeof json.value).toBe('string');
    }),
    { numRuns: 200 },
  );
}, 30_000);
