"""Where our answers to what is written, and what is read of it afterwards, differ from the engines'."""

from __future__ import annotations

from tests.golden_row import (
    JSON,
    OCTETS,
    TEXT,
    Changed,
    Difference,
    Starting,
    absent,
    error,
    invalid,
    saved_as,
    serialized,
    typed,
)

NO_DATA = "A form is needed here, with a part named 'data' that holds the bytes of the variable."
NO_OBJECT = "A JSON object is needed here: the body, or a variable in it, is null."
NO_TYPE = "The type is empty: leave it out, or give one of the contract's: String, Integer, File …"
BROKEN = error("RestException", "multipart/form-data cannot be processed: it ends before its last boundary")
WITHOUT_DATA = r"^(method POST on data|upload (local )?no data part|upload empty form): POST "
NOT_BASE64 = r"^put 58 .*: "
NOT_FITTING = r"^put body [245] .*: PUT |^modify (7|7 local|8|14) .*: POST "
TWO_WRONG = r"^modify two wrongly: POST "
NOT_TRANSIENT = "ENGINE-17006 Cannot set transient variable with name w to non-transient variable and vice versa."
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
}

BODIES = (
    Difference(
        asked="a body that is JSON, but not of the form that is needed",
        engines="400 with a text that names Java classes (Camunda), or with an empty message (Operaton)",
        ours="400 with a message that says what does not fit",
        why="So that the caller finds the mistake. Errors are always JSON here.",
        steps={NOT_FITTING: {"type": JSON, "body": invalid(Starting("The body does not fit: "))}},
    ),
    Difference(
        asked="a body that is no JSON",
        engines="400 with an empty message",
        ours="400 with a message that says what is wrong, and where",
        why="So that the caller finds the mistake.",
        steps={
            r"^put body 1[14] .*: PUT |^modify bad json: POST ": {"body": invalid(Starting("The body is no JSON: "))}
        },
    ),
    Difference(
        asked="`null` in the place of a typed value",
        engines="500 `NullPointerException`",
        ours="400 `InvalidRequestException`, with a message that says what is needed",
        why="The caller's mistake.",
        documented={r"^put body 3 .*: PUT |^modify 9 .*: POST ": {"status": 400, "body": invalid(NO_OBJECT)}},
    ),
    Difference(
        asked="a File without a file name, without `valueInfo`, or with `null` as its value",
        engines="500",
        ours="400 with the same body",
        why="The caller's mistake.",
        documented={r"^put 5[4567] .*: PUT ": {"status": 400}},
    ),
    Difference(
        asked="an Object serialized with Java, or without `serializationDataFormat`",
        engines="500",
        ours="400 with the same body",
        why="The caller's mistake.",
        documented={r"^put 6[89] .*: PUT ": {"status": 400}},
    ),
    Difference(
        asked="several variables in one request that can't be set",
        engines="500 about one of them, in no order that the request has",
        ours="400 about the first of them",
        as_engine="500 about the first of them",
        why="Neither of them is set.",
        steps={
            TWO_WRONG: {"body": error("RestException", f"Cannot modify variables for task {{check}}: {NOT_TRANSIENT}")}
        },
        documented={TWO_WRONG: {"status": 400}},
    ),
    Difference(
        asked="a File whose value is not Base64",
        engines="204: what can't be read is dropped, often all of it",
        ours="400, and nothing is stored",
        why="The caller would lose a file and not know it.",
        documented={
            NOT_BASE64 + "PUT ": {
                "status": 400,
                "type": JSON,
                "body": error("IllegalArgumentException", "The value of the File is not Base64."),
            },
            NOT_BASE64 + r"GET .*\?": {"status": 404, "body": absent("v")},
            NOT_BASE64 + r"GET .*/data$": {"status": 404, "type": JSON, "disposition": None, "body": absent("v")},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="the same, with Operaton",
        engines="500, and nothing is stored",
        ours="400 with a message that says so, and nothing is stored",
        as_engine="204, as Camunda",
        why="As above. Where the two are not the same, `engine` does as Camunda.",
        documented={
            NOT_BASE64 + "PUT ": {
                "status": 400,
                "body": error("IllegalArgumentException", "The value of the File is not Base64."),
            }
        },
        engine={
            NOT_BASE64 + "PUT ": {"status": 204, "type": None, "body": b""},
            NOT_BASE64 + r"GET .*\?": {"status": 200, "body": typed("File", None, filename="n")},
            NOT_BASE64 + r"GET .*/data$": {"status": 200, "type": OCTETS, "body": b"", **saved_as("n")},
        },
        of=("Operaton",),
    ),
    Difference(
        asked="`valueInfo.mimetype`, where the contract says `mimeType`",
        engines="it is dropped",
        ours="it is the MIME type",
        why="One widely used JavaScript client sends it so, and its files lose their type.",
        documented={
            r"^put 61 .*GET .*\?": {"body": typed("File", None, filename="a.txt", mimeType="text/plain")},
            r"^put 61 .*GET .*/data$": {"type": TEXT},
        },
    ),
    Difference(
        asked="a JSON object or array without a type, or a whole number of more than 64 bits",
        engines="an Object, serialized with Java",
        ours="an Object, serialized as JSON",
        why="There is no Java here, and clients in other languages can read it.",
        steps={
            r"^put 7 .*\?": {"body": serialized('{"a": 1}', "java.util.LinkedHashMap")},
            r"^put body 17 .*\?": {"body": serialized("99999999999999999999", "java.math.BigInteger")},
            r"^untyped object: GET .*/v$": {"body": MAP},
            r"^untyped object: GET .*/variables$": {"body": {"v": MAP}},
        },
    ),
)

UPLOADS = (
    Difference(
        asked="an upload without a part `data`, or without a form",
        engines="500 `NullPointerException`",
        ours="400 `InvalidRequestException`, with a message that says what is needed",
        why="The caller's mistake.",
        documented={WITHOUT_DATA: {"status": 400, "body": invalid(NO_DATA)}},
    ),
    Difference(
        asked="an upload with an empty `valueType`",
        engines="500 `StringIndexOutOfBoundsException`",
        ours="400 `IllegalArgumentException`, with a message that says what to do",
        as_engine="500 `IllegalArgumentException`, with a message that says what to do",
        why="The caller's mistake; how Java stumbles over it helps nobody.",
        steps={r"^upload empty valueType.*: POST ": {"body": error("IllegalArgumentException", NO_TYPE)}},
        documented={r"^upload empty valueType.*: POST ": {"status": 400}},
    ),
    Difference(
        asked="an upload whose form breaks off",
        engines="400, or 204 where only the last two characters are missing",
        ours="400, and the message tells why",
        why="So that the caller finds the mistake; what broke off may be more than these.",
        steps={
            r"^upload no final boundary: POST ": {"body": BROKEN},
            r"^upload half a final boundary: POST ": {"status": 400, "type": JSON, "body": BROKEN},
        },
    ),
    Difference(
        asked="an upload with `valueType` String",
        engines="204, and the text is how Java prints an array, such as `[B@5a78b421`",
        ours="the text that was uploaded; 400 when it is not UTF-8",
        why="Nobody can have meant the other.",
        steps={
            r"^upload String valueType: .*\?": {"body": typed("String", "x")},
            r"^upload String valueType, no text: ": {
                "status": 400,
                "type": JSON,
                "body": invalid("A value that is no file must be UTF-8."),
            },
        },
    ),
    Difference(
        asked="an upload with a part `type`, which makes an Object of JSON",
        engines="the Object, serialized with Java",
        ours="the JSON that was uploaded, and the type that was given",
        why="There is no Java here.",
        steps={r"^upload object: .*\?": {"body": serialized("[1]", "java.util.ArrayList<java.lang.Integer>")}},
    ),
    Difference(
        asked='an upload whose file name has a `\\"`',
        engines="the backslash stays in the name",
        ours='the name has a `"`',
        why="That is what the sender wrote (RFC 9110 5.6.4). Backslashes before anything else stay: "
        "Windows sends its paths so.",
        steps={
            r"^upload quoted filename: GET .*\?": {
                "body": typed("File", None, filename='a"b.txt', mimeType="text/plain")
            },
            r"^upload quoted filename: GET .*/data$": saved_as('a"b.txt'),
        },
    ),
    Difference(
        asked="an upload whose part `data` has a `charset`",
        engines="it is dropped: only `encoding`, a parameter of their own, is read",
        ours="it is the encoding, where there is no `encoding`",
        why="Everybody else sends `charset`, and texts without it can't be read.",
        documented={
            r"^upload charset: GET .*\?": {
                "body": typed("File", None, filename="up.txt", mimeType="text/plain", encoding="UTF-8")
            },
            r"^upload charset: GET .*/data$": {"type": ("text/plain", {"charset": "UTF-8"})},
        },
    ),
)

SPIN = (
    Difference(
        asked="a variable of the type Json or Xml, or an Object serialized as JSON",
        engines="400 or 500 when it is written, 404 when it is read: the one that was recorded ran without Spin",
        ours="204 when it is written, 200 when it is read, 400 for its data, as Camunda",
        why="These types are always known here.",
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
            r"^(Json|Xml|Object .*): PUT ": {"status": 204, "type": None, "body": b""},
            **{rf"^{case}: GET .*/v(\?|$)": {"status": 200, "body": value} for case, value in STORED.items()},
            **{rf"^{case}: GET .*/variables(\?|$)": {"body": {"v": value}} for case, value in STORED.items()},
            r"^put (65|71|75) .*: GET .*/data$|^data: check list: ": {
                "status": 400,
                "body": invalid("Value of variable with id {check} is not a binary value."),
            },
        },
        of=("Operaton",),
    ),
)

WRITING = (*BODIES, *UPLOADS, *SPIN)
