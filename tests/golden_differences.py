"""Where our answers differ from the engines', on purpose: the whole list, with reasons.

The replay asserts every row: its steps exist, the parts it names differ from the recorded ones and are as they stand
here, and all other parts of these answers are the same as the engines'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_taskvars.settings import PROFILES


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the table.

    :param asked: what the request is about.
    :param engines: what Camunda 7 and Operaton answer.
    :param ours: what we answer.
    :param why: the reason.
    :param steps: from a regular expression over `case: METHOD path` to the parts of our answer that differ.
    :param profiles: where it holds.
    """

    asked: str
    engines: str
    ours: str
    why: str
    steps: Mapping[str, Mapping[str, object]]
    profiles: tuple[str, ...] = PROFILES


BARE: Mapping[str, str] = {}
OCTETS = ("application/octet-stream", BARE)
JSON = ("application/json", BARE)
TEXT = ("text/plain", BARE)


def difference(step: str, profile: str) -> dict[str, object]:
    """The parts of our answer that differ on purpose.

    :param step: `case: METHOD path`, as the patterns are matched against it.
    """
    found = [
        parts
        for row in DIFFERENCES
        for pattern, parts in row.steps.items()
        if profile in row.profiles and re.search(pattern, step)
    ]
    assert len(found) <= 1, f"{step} has several rows"
    return dict(found[0]) if found else {}


def saved_as(name: str) -> dict[str, object]:
    """A download that is saved under this name."""
    return {"disposition": ("attachment", name)}


def refused(status: int, kind: str, message: str) -> dict[str, object]:
    """An error in JSON."""
    return {"status": status, "type": JSON, "body": {"type": kind, "message": message, "code": None}}


def absent(name: str) -> dict[str, object]:
    """The error for a variable that isn't there."""
    return refused(404, "InvalidRequestException", f"task variable with name {name} does not exist")


UNREADABLE = {
    "type": JSON,
    "body": {
        "type": "InvalidRequestException",
        "message": "The path must be percent-encoded UTF-8 without NUL.",
        "code": None,
    },
}

DIFFERENCES = (
    Difference(
        "a File whose saved MIME type is no media type",
        "500 for every download",
        "200 with `application/octet-stream`",
        "The bytes are there and nothing is wrong with them; only their description is unusable.",
        {
            r"^data: review mime(6|7|11|12|19): ": {
                "status": 200,
                "type": OCTETS,
                "disposition": ("attachment", "f.txt"),
                "body": b"m",
            }
        },
    ),
    Difference(
        "a File whose saved encoding can't stand in a header",
        "500 for every download",
        "200 with the MIME type alone",
        "As above: the encoding is left out, like one that Java doesn't know.",
        {
            r"^data: review enc[68]: ": {
                "status": 200,
                "type": TEXT,
                "disposition": ("attachment", "f.txt"),
                "body": b"e",
            }
        },
    ),
    Difference(
        "a file name with a character outside Latin-1",
        "no Content-Disposition at all",
        "the name, in `filename*` (RFC 8187)",
        "Without it a browser shows the file in place of saving it, or saves it as `data`.",
        {r"^data: review name9: ": saved_as("emoji\U0001f600.png")},
    ),
    Difference(
        "a file name with parts of a path, control characters, or the name of a Windows device",
        "the name as it was saved",
        "its last part, `_` for a control character, `_` before a device's name",
        "RFC 6266 4.3: such a name can overwrite a file, or can't be saved at all.",
        {
            r"^data: review name4: ": saved_as("slash.txt"),
            r"^data: review name10: ": saved_as("passwd"),
            r"^data: review name11: ": saved_as("file.txt"),
            r"^data: review name12: ": saved_as("tab_here.txt"),
            r"^data: review name14: ": saved_as("nul_byte.txt"),
            r"^data: review name21: ": saved_as("_CON.txt"),
            r"^data: review name30: ": saved_as("del_.txt"),
        },
    ),
    Difference(
        "a variable whose name has a slash, which is `%2F` in the path",
        "400 with an HTML page of the servlet container",
        "the variable",
        "The engine stores such names; only its servlet container refuses to ask for them.",
        {r"^data: alone a/b: ": {"status": 200, "type": OCTETS, "body": b"name 1"}},
    ),
    Difference(
        "no such variable, and a `%2F` in its name",
        "400 with an HTML page of the servlet container",
        "404; in the `engine` profile with the body of a path that leads nowhere",
        "WSGI shows the path unescaped: `a%2Fb` and `a/b` are the same, and the engine answers 404 to `a/b`.",
        {r"/variables/\.\.%2F\.\.%2Fraw/data$": refused(404, "NotFoundException", "HTTP 404 Not Found")},
        ("engine",),
    ),
    Difference(
        "no such variable, and a slash in its name, escaped or not",
        "404 as for a path that leads nowhere, or 400 with an HTML page of the servlet container",
        "404 as for any absent variable",
        "Here names may have slashes.",
        {
            r"/variables/\.\.%2F\.\.%2Fraw/data$": absent("../../raw"),
            r"/variables/a/b/data$": {"body": absent("a/b")["body"]},
        },
        ("documented",),
    ),
    Difference(
        "a path with `%00`, or with bytes that are not UTF-8",
        "400 with an HTML page of the servlet container",
        "400 with JSON",
        "Clients of a JSON interface can read it.",
        {r"/variables/%(00|ff)/data$": UNREADABLE},
    ),
    Difference(
        "a path with a percent sign that escapes nothing, such as `%zz`",
        "400 with an HTML page of the servlet container",
        "the percent sign is taken as it is",
        "WSGI servers unescape the path and leave this alone; what was sent can't be seen behind them.",
        {r"/variables/%zz/data$": absent("%zz")},
    ),
    Difference(
        "`Range`",
        "200 with everything",
        "206 with the range (RFC 9110 14)",
        "So that a broken download can go on where it broke off.",
        {r'^header \{"Range": "bytes=0-1"\} on someFile: ': {"status": 206, "body": b"so"}},
    ),
    Difference(
        "`If-None-Match`, `If-Modified-Since`",
        "200 with everything",
        "304 when the client has it (RFC 9110 13)",
        "So that nothing is sent twice.",
        {
            r'^header \{"If-(None-Match|Modified-Since)": .* on someFile: ': {
                "status": 304,
                "type": None,
                "disposition": None,
                "body": b"",
            }
        },
    ),
    Difference(
        "a task that doesn't exist",
        "500",
        "404 with the same body",
        "It is no fault of the server; a 500 is retried, and wakes somebody up.",
        {r"^path .*: GET /task/(no-such-task|%20|x+|\{process\})/.*/data$": {"status": 404}},
        ("documented",),
    ),
)
