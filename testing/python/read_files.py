"""Prints the records in the Avro container files of topics' folders, in the order of the file names. One JSON line for
each record: topic, file, schema, record. Leaves out files that are still open (.part).
"""

import argparse
import pathlib
import sys

from avro_records import read_file
from json_text import dumps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=pathlib.Path, nargs="+", metavar="folder", help="DIR/TOPIC")
    options = parser.parse_args()
    for folder in options.folders:
        if not folder.is_dir():
            raise SystemExit(f"no folder {folder}")
        for file in sorted(folder.glob("*.avro")):
            for schema, record in read_file(file):
                line = {"topic": folder.name, "file": file.name, "schema": schema, "record": record}
                sys.stdout.write(dumps(line) + "\n")


main()
