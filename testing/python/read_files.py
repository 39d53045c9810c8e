"""Prints the records in the Avro container files of one topic's folder, in the order of the file names. One JSON line
for each record: file, schema, record. Leaves out files that are still open (.part).
"""

import argparse
import pathlib
import sys

from avro_records import dumps, read_file


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="DIR/TOPIC")
    options = parser.parse_args()
    if not options.folder.is_dir():
        raise SystemExit(f"no folder {options.folder}")
    for file in sorted(options.folder.glob("*.avro")):
        for schema, record in read_file(file):
            sys.stdout.write(dumps({"file": file.name, "schema": schema, "record": record}) + "\n")


main()
