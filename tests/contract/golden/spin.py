"""Differences for Json, Xml and Objects from engines without Spin, their library for these types."""

from __future__ import annotations

from tests.contract.golden.row import (
    Changed,
    Difference,
    invalid,
    serialized,
    typed,
)

LIST = serialized("[1,2]", "java.util.ArrayList")
MAP = serialized('{"a": [1]}', "java.util.LinkedHashMap")
SERIALIZED = {
    65: serialized("[1]", "java.util.ArrayList"),
    71: typed("Json", '{"a":1}'),
    75: typed("Xml", "<a"),
}
STORED = {
    "Json": typed("Json", '{"a": 1}'),
    "Xml": typed("Xml", "<a/>"),
    "Object that is no JSON": serialized("{", "java.util.HashMap"),
    "Object of an unknown class": serialized("{}", "com.example.Order"),
    **{f"null {kind}": typed(kind, None) for kind in ("Json", "Xml")},
    **{f"empty {kind}": typed(kind, "") for kind in ("Json", "Xml")},
    "null Object": typed("Object", None, serializationDataFormat="application/json"),
    "null Object of a class": typed(
        "Object", None, objectTypeName="java.util.ArrayList", serializationDataFormat="application/json"
    ),
    "null Object of an unknown class": typed(
        "Object", None, objectTypeName="com.example.Order", serializationDataFormat="application/json"
    ),
}

SPIN = (
    Difference(
        asked="a variable of the type Json or Xml, or an Object serialized as JSON",
        engines="400 or 500 when it is written, 404 when it is read: the recorded engine ran without Spin",
        ours="204 when it is written, 200 when it is read, 400 for its data, like Camunda",
        why="This library always knows these types.",
        steps={
            r"^put (65|71|75) .*: PUT ": {"status": 204, "type": None, "body": b""},
            r"^put 72 .*: PUT ": {
                "body": invalid(
                    "Cannot put task variable v: "
                    "Must provide 'null' or String value for value of SerializableValue type 'Json'."
                )
            },
            **{rf"^put {number} .*: GET .*\?": {"status": 200, "body": value} for number, value in SERIALIZED.items()},
            r"^typed: check list: |^query .*/list\?": {"status": 200, "body": LIST},
            r"^all: (sub)?check: ": {"body": Changed({"list": LIST})},
            r"^(HEAD of an? )?((null |empty )?(Json|Xml)|(null )?Object|Xml that|data format).*: PUT ": {
                "status": 204,
                "type": None,
                "body": b"",
            },
            r"^HEAD of an? .*(Xml|Object).*: HEAD .*/v(\?|$)": {"status": 200},
            **{rf"^{case}: GET .*/v(\?|$)": {"status": 200, "body": value} for case, value in STORED.items()},
            **{rf"^{case}: GET .*/variables(\?|$)": {"body": {"v": value}} for case, value in STORED.items()},
            r"^(put (65|71|75) |null (Json|Xml|Object)).*: GET .*/data$|^data: check list: ": {
                "status": 400,
                "body": invalid("Value of variable with id {check} is not a binary value."),
            },
        },
        of=("Operaton",),
    ),
)
