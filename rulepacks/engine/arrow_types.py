"""The types of the expression language in Arrow."""

import pyarrow as pa

from rulepacks.engine.expressions.types import Type


def arrow_type(kind: Type) -> pa.DataType:
    """The Arrow type of a type; text for what has none of its own."""
    if kind.kind == "decimal" or (kind.kind == "integer" and kind.precision > 18):
        return pa.decimal128(kind.width, kind.scale)
    plain = {"integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us")}
    return plain.get(kind.kind, pa.string())
