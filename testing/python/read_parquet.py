"""Prints the rows of Parquet files as pyarrow reads them, a JSON object a line: topic, row. With --sql it prints what
DuckDB answers. Decimals are text, times are microseconds since 1970.
"""

import argparse
import base64
import datetime
import decimal
import json
import pathlib

from avro_records import plain

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def as_json(value):
    if isinstance(value, decimal.Decimal):
        return plain(value)
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} in a row")


def read(directory):
    import pyarrow.dataset  # here, because the imports take longer than the reading

    for folder in sorted(path for path in directory.iterdir() if not path.name.startswith(".")):
        table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
        for row in table.to_pylist(maps_as_pydicts="strict"):
            yield {"topic": folder.name, "row": row}


def query(directory, sql):
    import duckdb

    duckdb.sql("set timezone = 'UTC'")
    files = f"read_parquet('{directory}/**/*.parquet', hive_partitioning = true)"
    answer = duckdb.sql(sql.replace("FILES", files))
    for row in answer.fetchall():
        yield dict(zip(answer.columns, row))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="the sink's folder; with --sql a folder of one topic")
    parser.add_argument("--sql", help="a query; FILES in it stands for the files")
    options = parser.parse_args()
    for row in read(options.directory) if options.sql is None else query(options.directory, options.sql):
        print(json.dumps(row, default=as_json))


main()
