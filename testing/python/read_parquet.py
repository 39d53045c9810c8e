"""Prints the rows of Parquet files as pyarrow reads them, a JSON object a line: topic, row. Decimals are text, times are
microseconds since 1970.
"""

import argparse
import pathlib

import pyarrow.dataset

from json_text import dumps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="the sink's folder")
    options = parser.parse_args()
    for folder in sorted(path for path in options.directory.iterdir() if not path.name.startswith(".")):
        table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
        for row in table.to_pylist(maps_as_pydicts="strict"):
            print(dumps({"topic": folder.name, "row": row}))


main()
