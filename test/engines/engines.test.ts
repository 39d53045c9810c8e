import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { PartitionedFiles, RowBudget } from '../../src/parquet/partitioned-files.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { prepareEngines, preparePython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';
import { candles, dayFigures, dayVwaps, lastBookTickers, totalValue, tradesOf } from './figures.ts';
import { recordedHour, withFault, writeFiles } from './recorded-hour.ts';
import {
  type Answer,
  documentedStatements,
  naiveProducts,
  over,
  run,
  type Statement,
  viewQueries,
} from './statements.ts';

/** The other engines are large, so only `make faults` installs them. */
const IN_SUITE = ['DuckDB', 'pyarrow'];
const MINUTE_MS = 60_000;

const records = recordedHour();
const trades = tradesOf(records);
/** The records of the hour, and the trades of an hour with a fault. */
const folders = { whole: records, ...withFault(trades) };
type Folder = keyof typeof folders;

const tested = (all: readonly Statement[]) => all.filter(({ engine }) => isLong || IN_SUITE.includes(engine));
// Flink reads topics: flink.test.ts.
const documented = tested(documentedStatements()).filter(({ engine }) => engine !== 'Flink');
const products = tested(naiveProducts);
const queries = tested(viewQueries);
/** The answer of each statement in each folder where it runs. */
const answers: Readonly<Record<Folder, Map<Statement, Answer>>> = {
  whole: new Map(),
  changed: new Map(),
  shorter: new Map(),
};

beforeAll(isLong ? prepareEngines : preparePython, 15 * MINUTE_MS);

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'market-feed-engines-'));
  const inFolder = (folder: Folder, statements: readonly Statement[]) =>
    statements.map((statement) => ({ folder, statement }));
  const requests = [
    ...inFolder('whole', [...documented, ...products, ...queries]),
    ...inFolder('changed', documented),
    ...inFolder('shorter', documented),
  ];
  try {
    await writeFiles(join(dir, 'whole'), folders.whole);
    await writeFiles(join(dir, 'changed'), folders.changed);
    await writeFiles(join(dir, 'shorter'), folders.shorter);
    const found = await run(requests.map(({ folder, statement }) => over(join(dir, folder), statement)));
    requests.forEach(({ folder, statement }, index) => {
      answers[folder].set(statement, found[index] ?? {});
    });
  } finally {
    await rm(dir, { recursive: true });
  }
}, 10 * MINUTE_MS);

describe.each(documented.map((statement) => ({ ...statement, statement })))(
  '$engine, $title',
  ({ title, statement }) => {
    const expected = title.startsWith('each symbol and day') ? dayFigures(trades) : [{ value: totalValue(trades) }];

    it("answers with the feed's own figures", () => {
      expect(answers.whole.get(statement)).toEqual({ rows: expected });
    });

    if (!title.includes('nine places')) {
      it('shows that a quantity is larger by 10^-18', () => {
        const rows = answers.changed.get(statement)?.rows;
        expect(rows).toHaveLength(expected.length);
        expect(rows).not.toEqual(expected);
      });
    }

    it('shows that a trade is missing', () => {
      const rows = answers.shorter.get(statement)?.rows;
      expect(rows).toHaveLength(expected.length);
      expect(rows).not.toEqual(expected);
    });
  },
);

describe('price * quantity', () => {
  it.each(products)('in $engine: $title', (statement) => {
    const { title, engine } = statement;
    const { rows, error } = answers.whole.get(statement) ?? {};
    if (title === 'is an error') return expect(error).toMatch(/[Oo]verflow|precision out of range/);
    expect(error).toBeUndefined();
    if (engine === 'ClickHouse') return expect(Number(rows?.[0]?.value)).toBeCloseTo(70.85, 2);
    expect(rows).not.toEqual([{ value: totalValue(trades) }]);
    expect(Number(rows?.[0]?.value)).toBeCloseTo(Number(totalValue(trades)), 3);
  });
});

describe('the views of examples/', () => {
  const expected: Readonly<Record<string, readonly object[]>> = {
    trades: [true, false].flatMap((isBlock) => {
      const counted = trades.filter(({ conditions }) => conditions.includes('block') === isBlock);
      return ['buy', 'sell'].map((side) => ({
        is_block: isBlock,
        taker_side: side,
        trades: counted.filter(({ isBuyerMaker }) => isBuyerMaker === (side === 'sell')).length,
      }));
    }),
    candles: candles(trades),
    vwap: dayVwaps(trades).map((row) => ({ ...row, vwap: expect.closeTo(Number(row.vwap), 9) })),
    best_bid_ask: lastBookTickers(records),
  };

  it.each(queries)('in $engine: $title', (statement) => {
    const { rows, error } = answers.whole.get(statement) ?? {};
    expect(error).toBeUndefined();
    const found = rows?.map((row) => ('vwap' in row ? { ...row, vwap: Number(row.vwap) } : row));
    expect(found).toEqual(expected[statement.title]);
  });
});

it('the views for DuckDB read files from before a new field', async () => {
  const dir = await testFolder();
  const [newer, older] = trades;
  const ticker = records.find(({ kind }) => kind === 'book_ticker');
  if (newer === undefined || older === undefined || ticker === undefined) throw new Error('a record is missing');
  await writeFiles(dir, [{ ...newer, timestampUs: 5 }, ticker]);
  const { schema, encode } = codecOf('trade');
  const before = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'timestamp_us') };
  const files = new PartitionedFiles(join(dir, 'data/parquet/trades'), 'older', before, new RowBudget());
  // `timestamp_us` is the last field. A null is one byte.
  files.add(encode(older).subarray(0, -1), 1);
  await files.finish();
  const views = readFileSync(join(root, 'examples/views-duckdb.sql'), 'utf8');
  const code = `${views}\nselect epoch_us(timestamp_us) as us from trades order by us`;
  expect(await run([over(dir, { engine: 'DuckDB', title: 'times', code })])).toEqual([
    { rows: [{ us: 5 }, { us: null }] },
  ]);
});
