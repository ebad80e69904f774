"""Where our answers about what is stored differ from the engines'."""

from __future__ import annotations

from tests.golden_row import (
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
        why="The bytes are there and nothing is wrong with them; only their description is of no use.",
        steps={
            r"^data: review mime(6|7|11|12|19): ": {"status": 200, "type": OCTETS, "body": b"m", **saved_as("f.txt")},
            r"^put 64 .*GET .*/data$": {"status": 200, "type": OCTETS, "body": b"abc", **saved_as("a")},
        },
    ),
    Difference(
        asked="the data of a File whose saved encoding can't stand in a header",
        engines="500, whenever it is asked for",
        ours="200 with the MIME type alone",
        why="As above. The encoding is left out, as the engines do with one that Java doesn't know.",
        steps={r"^data: review enc[68]: ": {"status": 200, "type": TEXT, "body": b"e", **saved_as("f.txt")}},
    ),
    Difference(
        asked="a `#` in a MIME type",
        engines="what follows it moves into the encoding",
        ours="the MIME type stays as it was given",
        why="The engines keep both in one column, with a `#` between them. There is no such column here.",
        steps={
            r"^typed( serialized)?: review mime20: ": {"body": HASH},
            r"^all local: review: ": {"body": Changed({"mime20": HASH})},
        },
    ),
    Difference(
        asked="the data of a File whose name has a character outside Latin-1",
        engines="no Content-Disposition",
        ours="the name, in `filename*` (RFC 8187)",
        why="Without it a browser shows the file in place of saving it, or saves it as `data`.",
        steps={
            r"^data: review name9: ": saved_as("emoji\U0001f600.png"),
            r"^upload utf8 filename: GET .*/data$": saved_as("ümläut 日本.txt"),
        },
    ),
    Difference(
        asked="the data of a File whose name has parts of a path or control characters, a Windows device's, or none",
        engines="the name as it was saved",
        ours="the last part, `_` for a control character, `_` before a device's name, `download` for an empty name",
        why="Such a name can overwrite a file, or can't be saved at all (RFC 6266 4.3). "
        "The typed value has it as it was saved.",
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
        why="The engines store such names; it is only their servlet container that won't have them asked for.",
        steps={
            r"^data: alone a/b: ": {"status": 200, "type": OCTETS, "body": b"name 1"},
            r"^typed: alone a/b: ": {"status": 200, "type": JSON, "body": typed("Bytes", "bmFtZSAx")},
        },
    ),
    Difference(
        asked="no such variable, and a `%2F` in its name",
        engines=HTML,
        ours="404, as for any variable that isn't there",
        as_engine="404, as for a path that leads nowhere",
        why="WSGI shows the path unescaped: `a%2Fb` and `a/b` are the same, and to `a/b` the engines answer 404.",
        steps={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"status": 404, "type": JSON}},
        documented={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"body": absent("../../raw")}},
        engine={r"/variables/\.\.%2F\.\.%2Fraw/data$": {"body": error("NotFoundException", "HTTP 404 Not Found")}},
    ),
    Difference(
        asked="no such variable, and a slash in its name",
        engines="404 `NotFoundException`, as for a path that leads nowhere",
        ours="404 `InvalidRequestException`, as for any variable that isn't there",
        why="Here names may have slashes.",
        documented={r"/variables/a/b/data$": {"body": absent("a/b")}},
    ),
    Difference(
        asked="a path with `%00`, or with bytes that are not UTF-8",
        engines=HTML,
        ours="400 with JSON",
        why="A client of a JSON interface can read that.",
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
        ours="the percent sign is taken as it is: 404, unless there is a variable of this name",
        why="WSGI servers unescape the path and leave this alone; what was sent can't be seen behind them.",
        steps={r"/variables/%zz/data$": {"status": 404, "type": JSON, "body": absent("%zz")}},
    ),
    Difference(
        asked="a `;` in a path, not escaped",
        engines="it and what follows are dropped, up to the next slash: 200 with `v` for `v;x`, if there is a `v`",
        ours="it is a part of the name: 404, unless there is a variable of this name",
        why="WSGI servers unescape the path; behind them `;` is the same as `%3B`, which is a part of the name.",
        steps={
            r"^semicolon in a path: GET .*;x=1$": {"status": 404, "body": absent("v;x=1")},
            r"^semicolon in a path: GET .*;/data$": {"status": 404, "body": absent("v;")},
        },
    ),
    Difference(
        asked="a task that doesn't exist, and a body that can't be read or does not fit",
        engines="400 or 415, or 500 where there is nothing in it, about the body",
        ours="404, about the task",
        as_engine="500, about the task",
        why="A body is read when it is known that the task exists and that the caller may write.",
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
        why="The server did nothing wrong. A 500 is tried again, and wakes somebody up.",
        documented={r"^(?!no task, ).*(GET|POST) /task/(no-such-task|%20|x+|\{process\})/": {"status": 404}},
    ),
)

OTHERS = (
    Difference(
        asked="`Range`",
        engines="200 with everything",
        ours="206 with the range, 416 when there is nothing in it (RFC 9110 14)",
        why="So that a broken download can go on where it broke off.",
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
        ours="304 when the client has it already (RFC 9110 13)",
        why="So that nothing is sent twice.",
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
        asked="an Object, without `deserializeValue=false`",
        engines="the object as JSON in the JSON, with the type that Java found; 500 when Java can't make it",
        ours="200 with its serialized text and the type that it was saved with, whatever `deserializeValue` is",
        why="Only Java can make an object of it, with the classes of your processes.",
        steps={
            LIST: {"body": serialized("[1,2]", "java.util.ArrayList")},
            r"^Object that is no JSON: GET .*/v$": {"status": 200, "body": NO_JSON},
            r"^Object that is no JSON: GET .*/variables$": {"status": 200, "body": {"v": NO_JSON}},
            r"^Object of an unknown class: GET .*/v$": {"status": 200, "body": ORDER},
            r"^Object of an unknown class: GET .*/variables$": {"status": 200, "body": {"v": ORDER}},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="a Json or Xml, without `deserializeValue=false`",
        engines="a few properties of the Java object that reads it, such as `dataFormatName`; nothing of the text",
        ours="the text, whatever `deserializeValue` is",
        why="It is what was stored, and what was meant.",
        steps={
            **{rf"^{kind}: GET .*/v(\?.*=true)?$": {"body": typed(kind, text)} for kind, text in TEXTS.items()},
            **{rf"^{kind}: GET .*/variables$": {"body": {"v": typed(kind, text)}} for kind, text in TEXTS.items()},
        },
        of=("Camunda",),
    ),
    Difference(
        asked="what the engine itself sets for a multi-instance activity: `loopCounter`, `nrOfInstances` …",
        engines="an Integer, and so 400 for its data",
        ours="404, unless your app sets it",
        why="No process runs here.",
        steps={r"^visible: loopCounter from vote: ": {"status": 404, "body": absent("loopCounter")}},
    ),
)

READING = (*FILES, *NAMES, *OTHERS)
