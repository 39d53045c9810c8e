"""Avro records as any other program reads them: with fastavro and this file, without the project's own code.

Timestamps stay integers as in the record.
"""

import io
import json
import pathlib

import fastavro
from fastavro.read import LOGICAL_READERS
from fastavro.schema import fingerprint, to_parsing_canonical_form

for _name in ("timestamp-millis", "timestamp-micros"):
    LOGICAL_READERS[f"long-{_name}"] = lambda data, *_: data


class Decoder:
    """Decodes the bytes of a Kafka record to (schema name, record), in single-object encoding or Confluent's format."""

    def __init__(self, registry=None, schemas=None):
        self.registry = registry
        self.by_id = {}
        self.by_fingerprint = {}
        for file in sorted(pathlib.Path(schemas).glob("**/*.avsc")) if schemas else []:
            schema = json.loads(file.read_text())
            crc = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
            self.by_fingerprint[bytes.fromhex(crc)] = fastavro.parse_schema(schema)

    def __call__(self, data: bytes):
        if data[:2] == b"\xc3\x01":
            schema = self.by_fingerprint.get(data[2:10])
            if schema is None:
                raise ValueError(f"no schema with the fingerprint {data[2:10].hex()}")
            start = 10
        elif data[:1] == b"\x00":
            schema = self._registered(int.from_bytes(data[1:5], "big"))
            start = 5
        else:
            raise ValueError(f"neither single-object encoding nor a registry's: {data[:10].hex()}")
        body = io.BytesIO(data[start:])
        record = fastavro.schemaless_reader(body, schema)
        if body.read(1):
            raise ValueError(f"bytes after the {schema['name']}")
        return schema["name"], record

    def _registered(self, number: int):
        if number not in self.by_id:
            if self.registry is None:
                raise ValueError(f"schema id {number}, and no registry given")
            import urllib.request  # here, because its import takes as long as all others together

            with urllib.request.urlopen(f"{self.registry}/schemas/ids/{number}", timeout=10) as answer:
                self.by_id[number] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        return self.by_id[number]


def read_file(path):
    """Yields (schema name, record) for each record of an Avro object container file."""
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        for record in reader:
            yield reader.writer_schema["name"], record
