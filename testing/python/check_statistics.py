"""Compares the statistics of Parquet files with the values in each row group, for the columns that are not inside a list,
group or map. Prints each difference, then how many column chunks it compared.
"""

import argparse
import pathlib

import pyarrow.parquet


def expected(values):
    """Returns the lowest value, the highest value and the number of nulls. Texts have the order of their UTF-8 bytes."""
    present = [value for value in values if value is not None]
    order = (lambda value: value.encode()) if present and isinstance(present[0], str) else None
    return min(present, key=order, default=None), max(present, key=order, default=None), len(values) - len(present)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="a folder of Parquet files")
    options = parser.parse_args()
    compared = 0
    for path in sorted(options.directory.rglob("*.parquet")):
        file = pyarrow.parquet.ParquetFile(path)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            chunks = [file.metadata.row_group(group).column(index) for index in range(file.metadata.num_columns)]
            for chunk in (chunk for chunk in chunks if "." not in chunk.path_in_schema):
                statistics = chunk.statistics
                found = (statistics.min, statistics.max, statistics.null_count)
                wanted = expected(table[chunk.path_in_schema].to_pylist())
                compared += 1
                if found != wanted:
                    print(f"{path}: row group {group}, {chunk.path_in_schema}: found {found}, expected {wanted}")
    print(f"compared {compared}")


main()
