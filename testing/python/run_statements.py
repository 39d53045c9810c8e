"""Runs statements of SQL engines and data frames, and prints what each answers, a JSON object a line: rows, or error.

Reads a JSON list from stdin: engine, code. DuckDB and ClickHouse get SQL. For the others, the code is Python
that assigns its table to `answer`. Decimals are text, times microseconds since 1970.
"""

import contextlib
import functools
import json
import os
import sys
import time

from json_text import dumps

# Spark answers with local times.
os.environ["TZ"] = "UTC"
time.tzset()


def duckdb(sql):
    import duckdb  # here, like the other engines: some of them are not installed for `make test`

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'").execute(sql)
        names = [column[0] for column in connection.description]
        return [dict(zip(names, row)) for row in connection.fetchall()]


@functools.cache
def clickhouse_session():
    from chdb import session

    return session.Session()


def clickhouse(sql):
    return clickhouse_session().query(sql, "ArrowTable").to_pylist()


def python(code):
    names = {}
    with contextlib.redirect_stdout(sys.stderr):
        exec(code, names)
        answer = names["answer"]
        if hasattr(answer, "to_pylist"):  # pyarrow
            return answer.to_pylist()
        if hasattr(answer, "to_dicts"):  # polars
            return answer.to_dicts()
        if hasattr(answer, "collect"):  # Spark
            return [row.asDict() for row in answer.collect()]
        return answer.to_dict("records")  # pandas


def run(engine, code):
    return {"DuckDB": duckdb, "ClickHouse": clickhouse}.get(engine, python)(code)


for request in json.load(sys.stdin):
    try:
        print(dumps({"rows": run(**request)}))
    except Exception as error:  # some statements of the tests must fail
        print(dumps({"error": str(error)}))
