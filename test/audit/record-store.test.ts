import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordStore } from '../../src/audit/record-store.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

it('sorts the records of each key, equal ones in the order of adding, however few are in memory', async () => {
  const folder = await testFolder();
  let files = 0;
  const added = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), id: fc.integer({ min: 1, max: 30 }) }));
  fc.assert(
    fc.property(added, fc.integer({ min: 1, max: 8 }), (all, mostHeld) => {
      const path = join(folder, String(files++));
      const store = new RecordStore<TradeEvent>(path, 'trade', (a, b) => compareIds(a.tradeId, b.tradeId), mostHeld);
      for (const { key, id } of all) store.add(key, sampleTrade({ tradeId: String(id), symbol: key }));
      for (const key of ['a', 'b']) {
        const own = all.filter((each) => each.key === key).map(({ id }, position) => ({ id, position }));
        const sorted = store.take(key).nextWhile(() => true);
        expect(sorted.map(({ record, position }) => ({ id: Number(record.tradeId), position }))).toEqual(
          own.toSorted((x, y) => x.id - y.id || x.position - y.position),
        );
      }
      expect(store.keys).toEqual([]);
      store.close();
      expect(existsSync(path)).toBe(false);
    }),
  );
});
