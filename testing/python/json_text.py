"""Values of records and tables as JSON: decimals as canonical text, times as microseconds since 1970, bytes as base64."""

import base64
import datetime
import decimal
import json

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def plain(value: decimal.Decimal) -> str:
    """Returns the decimal as text, without exponent and without trailing zeros."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0") else text


def _json(value):
    if isinstance(value, decimal.Decimal):
        return plain(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):  # without a zone, it is UTC
        return (value.replace(tzinfo=value.tzinfo or datetime.timezone.utc) - EPOCH) // MICROSECOND
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no form in JSON")


def dumps(value) -> str:
    return json.dumps(value, default=_json, ensure_ascii=False, separators=(",", ":"))
