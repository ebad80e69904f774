"""Differences from the engines in answers to requests that write, and in later reads of the written values."""

from __future__ import annotations

from tests.contract.golden.row import (
    JSON,
    OCTETS,
    TEXT,
    Difference,
    Starting,
    absent,
    error,
    invalid,
    saved_as,
    serialized,
    typed,
)
from tests.contract.golden.spin import MAP, SPIN

NO_DATA = "A form is needed here, with a part named 'data' that holds the bytes of the variable."
NO_OBJECT = "A JSON object is needed here: the body, or a variable in it, is null."
NO_TYPE = "The type is empty: leave it out, or give one of the contract's: String, Integer, File …"
BROKEN = error("RestException", "multipart/form-data cannot be processed: it ends before its last boundary")
WITHOUT_DATA = r"^(method POST on data|upload (local )?no data part|upload empty form): POST "
NOT_BASE64 = r"^put 58 .*: "
LONG_NAME = "Ids and names have at most 255 characters, and neither NUL nor lone surrogates."
NOT_FITTING = r"^put body [245] .*: PUT |^modify (7|7 local|8|14) .*: POST "
TWO_WRONG = r"^modify two wrongly: POST "
NOT_SUPPORTED = "NotSupportedException"
NOT_TRANSIENT = "ENGINE-17006 Cannot set transient variable with name w to non-transient variable and vice versa."

BODIES = (
    Difference(
        asked="a body that is JSON, but not of the form that is needed",
        engines="400 with a text that names Java classes (Camunda), or with an empty message (Operaton)",
        ours="400 with a message that says what does not fit",
        why="The message helps the caller to find the mistake. Our errors are always JSON.",
        steps={NOT_FITTING: {"type": JSON, "body": invalid(Starting("The body does not fit: "))}},
    ),
    Difference(
        asked="a body that is not JSON",
        engines="400 with an empty message",
        ours="400 with a message that says what is wrong, and where",
        why="The message helps the caller to find the mistake.",
        steps={
            r"^put body 1[14] .*: PUT |^modify bad json: POST ": {"body": invalid(Starting("The body is not JSON: "))}
        },
    ),
    Difference(
        asked="a JSON body with another Content-Type, or with none",
        engines="415 with a message that repeats only the status",
        ours="415 with a message that names the Content-Type that was sent, and the one that is needed",
        why="The message helps the caller to find the mistake.",
        documented={
            r"^put body 6 .*: PUT ": {"body": error(NOT_SUPPORTED, "Send application/json here, not text/plain.")},
            r"^put body 7 .*: PUT ": {
                "body": error(NOT_SUPPORTED, "Send application/json here: the request has no Content-Type.")
            },
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
        engines="500 about one of them, not always the first",
        ours="400 about the first of them",
        as_engine="500 about the first of them",
        why="None of them is set.",
        steps={
            TWO_WRONG: {"body": error("RestException", f"Cannot modify variables for task {{check}}: {NOT_TRANSIENT}")}
        },
        documented={TWO_WRONG: {"status": 400}},
    ),
    Difference(
        asked="a File whose value is not Base64",
        engines="204: they drop what they can't decode, often all of it",
        ours="400, and nothing is stored",
        why="The caller would lose a file without knowing it.",
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
        as_engine="204, like Camunda",
        why="As above. Where the two engines differ, `engine` answers like Camunda.",
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
        asked="the type Number, which is registered but abstract",
        engines="500",
        ours="400 with the same body",
        why="The caller's mistake.",
        documented={r"^type [nN]umber .*: PUT ": {"status": 400}},
    ),
    Difference(
        asked="a name of more than 255 characters, when it is written",
        engines="400 `Variable value is too long`; 500 in a request for several",
        ours="400 with a message that says which names can be stored",
        why="Not the value is too long but the name, and this is the caller's mistake.",
        steps={
            r"^name of 256.*: PUT ": {"body": invalid(LONG_NAME)},
            r"^name of 256 by modifications: POST ": {"status": 400, "body": invalid(LONG_NAME)},
        },
    ),
    Difference(
        asked="a String, a file name, a MIME type with its encoding or a class of more than 4,000 characters",
        engines="400 `Variable value is too long`",
        ours="204, and it is stored",
        why="The engines' columns hold no more; ours do.",
        steps={r"^(String|file name|MIME type|class name) of 4001: PUT ": {"status": 204, "type": None, "body": b""}},
    ),
    Difference(
        asked="a `serializationDataFormat` of more than 93 characters",
        engines="Camunda: 400 `Variable value is too long`",
        ours="204, and it is stored",
        why="As above.",
        steps={r"^data format of 94: PUT ": {"status": 204, "type": None, "body": b""}},
        of=("Camunda",),
    ),
    Difference(
        asked="`valueInfo.mimetype`, where the contract says `mimeType`",
        engines="they ignore it",
        ours="it is the MIME type",
        why="A widely used JavaScript client writes it so, and its files lose their type on the engines.",
        documented={
            r"^put 61 .*GET .*\?": {"body": typed("File", None, filename="a.txt", mimeType="text/plain")},
            r"^put 61 .*GET .*/data$": {"type": TEXT},
        },
    ),
    Difference(
        asked="a JSON object or array without a type, or a whole number of more than 64 bits",
        engines="an Object, serialized with Java",
        ours="an Object, serialized as JSON",
        why="This library has no Java, and clients in any language can read JSON.",
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
        why="The caller's mistake. A message about Java's failure helps nobody.",
        steps={r"^upload empty valueType.*: POST ": {"body": error("IllegalArgumentException", NO_TYPE)}},
        documented={r"^upload empty valueType.*: POST ": {"status": 400}},
    ),
    Difference(
        asked="an upload whose form breaks off",
        engines="400, or 204 if only the last two characters are missing",
        ours="400, and the message says why",
        why="The message helps the caller to find the mistake. And more than two characters may be missing.",
        steps={
            r"^upload no final boundary: POST ": {"body": BROKEN},
            r"^upload half a final boundary: POST ": {"status": 400, "type": JSON, "body": BROKEN},
        },
    ),
    Difference(
        asked="an upload with `valueType` String",
        engines="204, and they store what Java prints for an array, such as `[B@5a78b421`",
        ours="the uploaded text; 400 if it is not UTF-8",
        why="Nobody wants to store the name of an array.",
        steps={
            r"^upload String valueType: .*\?": {"body": typed("String", "x")},
            r"^upload String valueType, no text: ": {
                "status": 400,
                "type": JSON,
                "body": invalid("A value that is not a file must be UTF-8."),
            },
        },
    ),
    Difference(
        asked="an upload with a part `type`, which makes an Object of JSON",
        engines="the Object, serialized with Java",
        ours="the uploaded JSON, and the given type",
        why="This library has no Java.",
        steps={r"^upload object: .*\?": {"body": serialized("[1]", "java.util.ArrayList<java.lang.Integer>")}},
    ),
    Difference(
        asked='an upload whose file name has a `\\"`',
        engines="the backslash stays in the name",
        ours='the name has a `"`',
        why="The sender escaped a quote (RFC 9110 5.6.4). Backslashes before other characters stay: "
        "Windows clients send paths with them.",
        steps={
            r"^upload quoted filename: GET .*\?": {
                "body": typed("File", None, filename='a"b.txt', mimeType="text/plain")
            },
            r"^upload quoted filename: GET .*/data$": saved_as('a"b.txt'),
        },
    ),
    Difference(
        asked="an upload whose part `data` has a `charset`",
        engines="they ignore it, and read only `encoding`, a parameter of their own",
        ours="it is the encoding, unless there is an `encoding`",
        why="Other clients send `charset`, and a text can't be read without its encoding.",
        documented={
            r"^upload charset: GET .*\?": {
                "body": typed("File", None, filename="up.txt", mimeType="text/plain", encoding="UTF-8")
            },
            r"^upload charset: GET .*/data$": {"type": ("text/plain", {"charset": "UTF-8"})},
        },
    ),
)

WRITING = (*BODIES, *UPLOADS, *SPIN)
