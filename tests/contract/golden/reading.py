"""Differences from the engines in answers to requests that read."""

from __future__ import annotations

from tests.contract.golden.row import (
    JSON,
    OCTETS,
    TEXT,
    Changed,
    Difference,
    absent,
    error,
    invalid,
    saved_as,
    serialized,
    typed,
)

HTML = "400 with an HTML page of the servlet container"
NO_TASK = "task no-such-task doesn't exist: task is null"
HASH = typed("File", None, filename="f.txt", mimeType="a#b/c")
LIST = r"^typed: check list: |^query \?deserializeValue=true: GET .*/list\?"
ORDER = serialized("{}", "com.example.Order")
NO_JSON = serialized("{", "java.util.HashMap")
TEXTS = {"Json": '{"a": 1}', "Xml": "<a/>"}

FILES = (
    Difference(
        asked="the data of a File whose saved MIME type is no media type",
        engines="500, whenever it is asked for",
        ours="200 with `application/octet-stream`",
        why="Nothing is wrong with the bytes, only with their description.",
        steps={
            r"^data: review mime(6|7|11|12|19): ": {"status": 200, "type": OCTETS, "body": b"m", **saved_as("f.txt")},
            r"^put 64 .*GET .*/data$": {"status": 200, "type": OCTETS, "body": b"abc", **saved_as("a")},
            r"^HEAD of a File .*: HEAD .*/data$": {"status": 200, "type": OCTETS, **saved_as("a")},
        },
    ),
    Difference(
        asked="the data of a File whose saved encoding can't stand in a header",
        engines="500, whenever it is asked for",
        ours="200 with the MIME type, without the encoding",
        why="As above. The engines leave out an encoding, too, when Java doesn't know it.",
        steps={
            r"^data: review enc[68]: ": {"status": 200, "type": TEXT, "body": b"e", **saved_as("f.txt")},
            r"^encoding that is none .*GET ": {
                "status": 200,
                "type": ("text/plain", {"charset": "utf-8"}),
                "body": b"a",
                **saved_as("a"),
            },
        },
    ),
    Difference(
        asked="a `#` in a MIME type",
        engines="the text after the `#` becomes the encoding",
        ours="the MIME type stays as it was given",
        why="The engines store both in one column, with a `#` between them. We use two columns.",
        steps={
            r"^typed( serialized)?: review mime20: ": {"body": HASH},
            r"^all local: review: ": {"body": Changed({"mime20": HASH})},
            r"^hash in a MIME type .*: GET .*/v$": {
                "body": typed("File", None, filename="a", mimeType="a#b/c", encoding="UTF-8")
            },
        },
    ),
    Difference(
        asked="the data of a File whose name has a character outside Latin-1",
        engines="no Content-Disposition",
        ours="the name, in `filename*` (RFC 8187)",
        why="Without the header a browser shows the file, or saves it under the name `data`.",
        steps={
            r"^data: review name9: ": saved_as("emoji\U0001f600.png"),
            r"^upload utf8 filename: GET .*/data$": saved_as("ümläut 日本.txt"),
        },
    ),
    Difference(
        asked="the data of a File whose name is empty, a path or a Windows device, or has control characters",
        engines="the name as it was saved",
        ours="the last part of a path, `_` for a control character, `_` before a device, `download` for an empty name",
        why="Such a name can overwrite a file, or can't be saved at all (RFC 6266 4.3). "
        "The typed value has the name as it was saved.",
        steps={
            r"^data: review name4: ": saved_as("slash.txt"),
            r"^data: review name10: ": saved_as("passwd"),
            r"^data: review name11: ": saved_as("file.txt"),
            r"^data: review name12: ": saved_as("tab_here.txt"),
            r"^data: review name14: ": saved_as("nul_byte.txt"),
            r"^data: review name21: ": saved_as("_CON.txt"),
            r"^data: review name30: ": saved_as("del_.txt"),
            r"^upload (path filename|windows path): GET .*/data$": saved_as("x.txt"),
            r"^upload empty filename: GET .*/data$": saved_as("download"),
        },
    ),
)

NAMES = (
    Difference(
        asked="a variable whose name has a slash, which is `%2F` in the path",
        engines=HTML,
        ours="200 with the variable",
        why="The engines store such names, but their servlet container refuses to look them up.",
        steps={
            r"^data: alone a/b: ": {"status": 200, "type": OCTETS, "body": b"name 1"},
            r"^typed: alone a/b: ": {"status": 200, "type": JSON, "body": typed("Bytes", "bmFtZSAx")},
        },
    ),
    Difference(
        asked="a variable that doesn't exist, with a `%2F` in its name",
        engines=HTML,
        ours="404, as for any variable that doesn't exist",
        as_engine="404, as for an unknown path",
        why="WSGI unescapes the path, so `a%2Fb` and `a/b` are the same here. To `a/b` the engines answer 404.",
        steps={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"status": 404, "type": JSON}},
        documented={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"body": absent("../../raw")}},
        engine={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"body": error("NotFoundException", "HTTP 404 Not Found")}},
    ),
    Difference(
        asked="a variable that doesn't exist, with a slash in its name",
        engines="404 `NotFoundException`, as for an unknown path",
        ours="404 `InvalidRequestException`, as for any variable that doesn't exist",
        why="Here, names may contain slashes.",
        documented={r"/variables/a/b/data$": {"body": absent("a/b")}},
    ),
    Difference(
        asked="a path with `%00`, or with bytes that are not UTF-8",
        engines=HTML,
        ours="400 with JSON",
        why="A client of a JSON interface can read JSON.",
        steps={
            r"/variables/%(00|ff)/data$": {
                "type": JSON,
                "body": invalid("The path must be percent-encoded UTF-8 without NUL."),
            }
        },
    ),
    Difference(
        asked="a path with a percent sign that escapes nothing, such as `%zz`",
        engines=HTML,
        ours="the percent sign is part of the name: 404, unless there is a variable with this name",
        why="WSGI servers unescape the path, and leave such a sign in it. An app can't see what the client sent.",
        steps={r"/variables/%zz/data$": {"status": 404, "type": JSON, "body": absent("%zz")}},
    ),
    Difference(
        asked="a `;` in a path, not escaped",
        engines="200 with `v` for `v;x`, if there is a `v`: they drop the text up to the next slash",
        ours="it is part of the name: 404, unless there is a variable with this name",
        why="WSGI servers unescape the path. An app can't tell a `;` from a `%3B`, which is part of the name.",
        steps={
            r"^semicolon in a path: GET .*;x=1$": {"status": 404, "body": absent("v;x=1")},
            r"^semicolon in a path: GET .*;/data$": {"status": 404, "body": absent("v;")},
        },
    ),
    Difference(
        asked="a task that doesn't exist, and a body that can't be read or does not fit",
        engines="400 or 415 about the body, or 500 if it is empty",
        ours="404, about the task",
        as_engine="500, about the task",
        why="We read a body only after we know that the task exists and that the caller may write.",
        steps={
            r"^no task, .*: (PUT .*/v|POST .*/data)$": {
                "body": error("RestException", f"Cannot put task variable v: {NO_TASK}"),
            },
            r"^no task, .*: POST .*/variables$": {
                "body": error("RestException", f"Cannot modify variables for task no-such-task: {NO_TASK}")
            },
        },
        documented={r"^no task, ": {"status": 404}},
        engine={r"^no task, ": {"status": 500}},
    ),
    Difference(
        asked="a task that doesn't exist",
        engines="500",
        ours="404 with the same body",
        why="The server did nothing wrong. Clients repeat a request after a 500, and a 500 wakes somebody up.",
        documented={r"^(?!no task, ).*(GET|HEAD|POST) /task/(no-such-task|%20|x+|\{process\})/": {"status": 404}},
    ),
)

OTHERS = (
    Difference(
        asked="`Range`",
        engines="200 with everything",
        ours="206 with the range, or 416 if no byte of the value lies in it (RFC 9110 14)",
        why="A client can continue a download that broke off.",
        steps={
            r'^header \{"Range": "bytes=0-1"\} on someFile: ': {"status": 206, "body": b"so"},
            r"^range of nothing: .*/data$": {
                "status": 416,
                "type": JSON,
                "body": error(
                    "RangeNotSatisfiableException",
                    "No range of the request lies within the 0 bytes of the variable.",
                ),
            },
        },
    ),
    Difference(
        asked="`If-None-Match`, `If-Modified-Since`",
        engines="200 with everything",
        ours="304 if the client has the value already (RFC 9110 13)",
        why="Nothing is sent twice.",
        steps={
            r'^header \{"If-(None-Match|Modified-Since)": .* on someFile: ': {
                "status": 304,
                "type": None,
                "disposition": None,
                "body": b"",
            }
        },
    ),
    Difference(
        asked="an Object, or a Json or Xml that can't be parsed, without `deserializeValue=false`",
        engines="the object as nested JSON, with the type that Java found; 500 if Java can't make the object",
        ours="200 with the serialized text and the saved type, whatever `deserializeValue` says",
        why="Only Java can make the object, with the classes of your processes.",
        steps={
            LIST: {"body": serialized("[1,2]", "java.util.ArrayList")},
            r"^Object that is no JSON: GET .*/v$": {"status": 200, "body": NO_JSON},
            r"^Object that is no JSON: GET .*/variables$": {"status": 200, "body": {"v": NO_JSON}},
            r"^Object of an unknown class: GET .*/v$": {"status": 200, "body": ORDER},
            r"^Object of an unknown class: GET .*/variables$": {"status": 200, "body": {"v": ORDER}},
            r"^HEAD of an (Xml that|Object ).*: HEAD .*(/v|ariables(\?.*)?)$": {"status": 200},
            **{rf"^empty {kind}: GET .*/v(\?.*=true)?$": {"status": 200, "body": typed(kind, "")} for kind in TEXTS},
            **{rf"^empty {kind}: GET .*/variables$": {"status": 200, "body": {"v": typed(kind, "")}} for kind in TEXTS},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="a Json or Xml, without `deserializeValue=false`",
        engines="some properties of the Java object that parses it, such as `dataFormatName`, without the text",
        ours="the text, whatever `deserializeValue` says",
        why="The text is what the client stored, and what it expects.",
        steps={
            **{rf"^{kind}: GET .*/v(\?.*=true)?$": {"body": typed(kind, text)} for kind, text in TEXTS.items()},
            **{rf"^{kind}: GET .*/variables$": {"body": {"v": typed(kind, text)}} for kind, text in TEXTS.items()},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="an Xml that is null, without `deserializeValue=false`, or in a list",
        engines="500 `NullPointerException`; one such variable makes every list of the task fail",
        ours="200 with `null`",
        why="`null` is what the client stored. The engines, too, answer `null` for a null of any other type.",
        steps={
            r"^null Xml: GET .*/v(\?.*=true)?$": {"status": 200, "body": typed("Xml", None)},
            r"^null Xml: GET .*/variables(\?|$)": {"status": 200, "body": {"v": typed("Xml", None)}},
            r"^HEAD of a null Xml: HEAD .*(/v|/variables)$": {"status": 200},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="what the engine itself sets for a multi-instance activity: `loopCounter`, `nrOfInstances` …",
        engines="an Integer, and so 400 for its data",
        ours="404, unless your app sets it",
        why="This library runs no processes.",
        steps={r"^visible: loopCounter from vote: ": {"status": 404, "body": absent("loopCounter")}},
    ),
)

READING = (*FILES, *NAMES, *OTHERS)
