import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';

/** A statement for an engine: SQL, or Python that assigns its table to `answer`. */
export interface Statement {
  readonly engine: string;
  /** What it answers, or what becomes of it. */
  readonly title: string;
  readonly code: string;
}

const BLOCK = /^```(?:sql|python)\n(?:--|#) (.*)\n([\s\S]*?)^```/gm;

/** The statements of docs/sql.md that begin with a comment, their title. Their engine is the heading of the section. */
export function documentedStatements(): readonly Statement[] {
  const [, ...sections] = readFileSync(join(root, 'docs/sql.md'), 'utf8').split(/^## /m);
  return sections.flatMap((section) => {
    const engine = section.slice(0, section.indexOf('\n'));
    return [...section.matchAll(BLOCK)].map(([, title = '', code = '']) => ({ engine, title, code }));
  });
}

/** price × quantity as one would write it first. */
export const naiveProducts: readonly Statement[] = [
  {
    engine: 'DuckDB',
    title: 'is an error',
    code: "select sum(price * quantity) as value from read_parquet('data/parquet/trades/**/*.parquet')",
  },
  {
    engine: 'ClickHouse',
    title: 'is wrong',
    code: "SELECT toDecimal128('63117.59', 18) * toDecimal128('0.03347', 18) AS value",
  },
  {
    engine: 'pyarrow',
    title: 'is an error',
    code: `
import pyarrow.compute as pc, pyarrow.dataset as ds
trades = ds.dataset("data/parquet/trades").to_table()
answer = pc.multiply(trades["price"], trades["quantity"])`,
  },
  {
    engine: 'pandas',
    title: 'is an error',
    code: `
import pandas as pd
trades = pd.read_parquet("data/parquet/trades", dtype_backend="pyarrow")
answer = trades.price * trades.quantity`,
  },
  {
    engine: 'Spark',
    title: 'is rounded',
    code: `
from pyspark.sql import SparkSession
trades = SparkSession.builder.getOrCreate().read.parquet("data/parquet/trades")
answer = trades.selectExpr("sum(price * quantity) as value")`,
  },
];

const VIEWS: Readonly<Record<string, string>> = {
  trades:
    'select is_block, taker_side, count(*) as trades from trades group by is_block, taker_side order by is_block desc, taker_side',
  candles: 'select * from candles order by venue, symbol, open_time',
  vwap: 'select * from vwap order by venue, symbol, date',
  best_bid_ask: 'select * from best_bid_ask order by venue, symbol',
};
const EXAMPLES = { DuckDB: 'views-duckdb.sql', ClickHouse: 'views-clickhouse.sql' };

/** A query for each view; the title is the view's name. */
export const viewQueries: readonly Statement[] = Object.entries(EXAMPLES).flatMap(([engine, file]) => {
  const views = readFileSync(join(root, 'examples', file), 'utf8');
  return Object.entries(VIEWS).map(([title, query]) => ({ engine, title, code: `${views}\n${query}` }));
});

/** What a statement answers: decimals as text, times in microseconds since 1970. */
export interface Answer {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: string;
}

/** The statement for files in another folder than `data`. */
export function over(dir: string, statement: Statement): Statement {
  return { ...statement, code: statement.code.replaceAll(/(?<=['"])data(?=\/)/g, join(dir, 'data')) };
}

/** Runs statements one after the other, in one Python process. */
export async function run(statements: readonly Statement[]): Promise<readonly Answer[]> {
  const wanted = statements.map(({ engine, code }) => ({ engine, code }));
  const { stdout, stderr, code } = await runPython('run_statements.py', [], JSON.stringify(wanted));
  expect(code, stderr).toBe(0);
  const answers = stdout.trimEnd().split('\n');
  expect(answers, stderr).toHaveLength(statements.length);
  return answers.map((line) => JSON.parse(line));
}
