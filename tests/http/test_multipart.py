"""Uploaded forms as streams: the same bytes however the network cuts them, and errors in forms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, repeat
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.errors import BrokenForm, InvalidRequest, NoBody, TooLarge
from flask_taskvars.http.multipart import MAX_PARTS, MAX_TEXT, parts
from flask_taskvars.values import Readable

FORM = "multipart/form-data; boundary=b"
END = b"--b--\r\n"
Read: TypeAlias = tuple[str | None, str | None, str | None, bytes]


class Pieces:
    """A stream that returns its bytes in these pieces, as a network would."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, size: int, /) -> bytes:
        piece = next(self._pieces, b"")
        assert len(piece) <= size
        return piece


def cut(body: bytes, *places: int) -> Pieces:
    ends = [*places, len(body)]
    return Pieces(body[start:end] for start, end in zip([0, *places], ends, strict=True) if start != end)


def part(disposition: str, data: bytes = b"x", *headers: str, encoding: str = "utf-8") -> bytes:
    head = "\r\n".join([f"Content-Disposition: form-data{disposition}", *headers])
    return b"--b\r\n" + head.encode(encoding) + b"\r\n\r\n" + data + b"\r\n"


def read(stream: Readable | bytes, content_type: str = FORM) -> list[Read]:
    """Read a whole form. Return the names, type and bytes of each part."""
    source = Pieces([stream]) if isinstance(stream, bytes) else stream
    return [(one.name, one.filename, one.content_type, drained(one.body)) for one in parts(source, content_type)]


def drained(body: Readable) -> bytes:
    return b"".join(iter(lambda: body.read(1024), b""))


def one(disposition: str, *headers: str) -> Read:
    """Read a form with one part, and return the part."""
    [found] = read(part(disposition, b"x", *headers) + END)
    return found


BYTES = [b"", b"\r", b"\n", b"\r\n", b"\n\r", b"\0\xff", b"-", b"--", b"--b", b"b--", b"\r\n-", b"\r\n--", b"\r\n\r\n"]
BYTES += [
    b"\r\n--a",
    b"\r\n --b\r\n",
    b"x--b--\r\n",
    b"x--b\r\n",
    b"\r\n--bc",
    b"\r\n--b c\r\n",
    b"\r\n--b-",
    b"\n--B\n",
]
BYTES += [b"x" + data for data in BYTES] + [data + b"\r" for data in BYTES] + [b"x" * 300]
DELIMITER = re.compile(rb"(?:^|[\r\n])--b(?:--|[^\S\r\n]*[\r\n]|[^\S\r\n]*$)")


@pytest.mark.parametrize("data", [data for data in BYTES if not DELIMITER.search(data)], ids=repr)
@pytest.mark.parametrize("padding", [b"", b" \t"])
def test_a_stream_cut_anywhere_gives_the_same_bytes(data: bytes, padding: bytes) -> None:
    body = part('; name="data"; filename="f"', data) + part("; name=valueType", b"File") + END
    body = body.replace(b"--b\r\nContent", b"--b" + padding + b"\r\nContent")
    wanted = [("data", "f", None, data), ("valueType", None, None, b"File")]
    assert read(body) == wanted
    assert read(cut(body, *range(1, len(body)))) == wanted
    for place in range(1, len(body)):
        assert read(cut(body, place)) == wanted, body[:place]


@given(st.data())
def test_any_parts_in_any_order_and_any_pieces(data: st.DataObject) -> None:
    snippets = st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n--", b"\r\n--b", b" ", b"x"]) | st.binary(
        max_size=9
    )
    contents = data.draw(st.lists(st.lists(snippets, max_size=9).map(b"".join), min_size=1, max_size=4))
    contents = [content for content in contents if not DELIMITER.search(content)]
    named = data.draw(st.lists(st.booleans(), min_size=len(contents), max_size=len(contents)))
    preamble = data.draw(st.sampled_from([b"", b"\r\n", b"This is a form.\r\n"]))
    epilogue = data.draw(st.sampled_from([b"", b"\r\n", b"--b\r\n", b"\r\nfarewell"]))
    body = preamble
    for number, (content, is_file) in enumerate(zip(contents, named, strict=True)):
        body += part(f'; name="{number}"' + ('; filename="f"' if is_file else ""), content)
    body += b"--b--" + epilogue
    places = data.draw(st.sets(st.integers(1, len(body) - 1)).map(sorted))
    wanted = [
        (str(number), "f" if is_file else None, None, content)
        for number, (content, is_file) in enumerate(zip(contents, named, strict=True))
    ]
    assert read(cut(body, *places)) == wanted


def test_a_part_that_is_not_read_is_skipped() -> None:
    body = part("; name=a", b"x" * 200_000) + part("; name=b", b"y") + END
    stream = cut(body, *range(60_000, len(body), 60_000))
    assert [(one.name, one.body.read(1) if one.name == "b" else b"") for one in parts(stream, FORM)] == [
        ("a", b""),
        ("b", b"y"),
    ]


def test_a_large_part_is_passed_on_piece_by_piece() -> None:
    head, block, size = part("; name=data", b"").removesuffix(b"\r\n"), b"\r\n--" * 16_000, 0
    for found in parts(Pieces(chain([head], repeat(block, 100), [b"\r\n" + END])), FORM):
        while piece := found.body.read():
            assert len(piece) < 2 * len(block)
            size += len(piece)
    assert size == 100 * len(block)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/form-data; boundary="b"', "b"),
        ("multipart/form-data;boundary=b;charset=utf-8", "b"),
        ("MULTIPART/FORM-DATA; BOUNDARY=b", "b"),
        ('multipart/form-data; boundary="a b"', "a b"),
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk", "----WebKitFormBoundary7MA4YWxk"),
        ('multipart/form-data; boundary="a\'()+_,-./:=?"', "a'()+_,-./:=?"),
        (f"multipart/form-data; boundary={'x' * 128}", "x" * 128),
    ],
)
def test_boundaries(content_type: str, boundary: str) -> None:
    body = (part("; name=data") + END).replace(b"--b", b"--" + boundary.encode())
    assert read(body, content_type) == [("data", None, None, b"x")]


@pytest.mark.parametrize(
    "content_type",
    [
        *("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="é"'),
        f"multipart/form-data; boundary={'b' * 129}",
    ],
)
def test_no_boundary(content_type: str) -> None:
    with pytest.raises(BrokenForm, match="names no boundary"):
        read(part("; name=data") + END, content_type)


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ("", None),
        ('; filename="a.txt"', "a.txt"),
        ("; filename=a.txt", "a.txt"),
        ('; FILENAME="a.txt"', "a.txt"),
        ('; filename=""', ""),
        ('; filename="a b; c=d.txt"', "a b; c=d.txt"),
        (r'; filename="a\"b.txt"', 'a"b.txt'),
        (r'; filename="a\b.txt"', r"a\b.txt"),
        (r'; filename="C:\temp\new.txt"', r"C:\temp\new.txt"),
        (r'; filename="\\server\share\x.txt"', r"\\server\share\x.txt"),
        ('; filename="../../etc/passwd"', "../../etc/passwd"),
        ('; filename="Grüße €.txt"', "Grüße €.txt"),
        ('; filename="\N{GRINNING FACE}.png"', "\N{GRINNING FACE}.png"),
        ('; filename="a%20b%22.txt"', "a%20b%22.txt"),
        ("; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
        ("; filename*=iso-8859-1'en'%e9.txt", "é.txt"),
        ("; filename=\"plain.txt\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
    ],
)
def test_file_names(disposition: str, filename: str | None) -> None:
    assert one(f'; name="data"{disposition}') == ("data", filename, None, b"x")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("; name=data", "data"),
        ('; name="data"', "data"),
        ('; NAME="data"', "data"),
        ('; filename="name=x"; name="data"', "data"),
        ('; name="a; b"', "a; b"),
        ('; name="ä"', "ä"),
        ('; name=""', ""),
        ("", None),
    ],
)
def test_names(disposition: str, name: str | None) -> None:
    assert one(disposition)[0] == name


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        ([], None),
        (["Content-Type: text/plain; encoding=UTF-8"], "text/plain; encoding=UTF-8"),
        (["content-type:text/plain"], "text/plain"),
        (["Content-Type:"], ""),
        (["X-One: 1", "Content-Type: a/b", "Content-Transfer-Encoding: base64", "Content-Length: 99"], "a/b"),
        (["Content-Type: a/b;", " c=d"], "a/b; c=d"),
    ],
)
def test_content_types(headers: list[str], content_type: str | None) -> None:
    assert one("; name=data", *headers) == ("data", None, content_type, b"x")


WHOLE = part('; name="data"; filename="f"') + b"--b--"


@pytest.mark.parametrize("length", range(len(b"--b\r\n"), len(WHOLE)))
def test_a_form_that_is_cut_short(length: int) -> None:
    with pytest.raises(BrokenForm, match="ends before its last boundary") as refusal:
        read(WHOLE[:length])
    assert (refusal.value.status, refusal.value.type) == (400, "RestException")


@pytest.mark.parametrize("body", [b"", b"x", b"--", b"--b", part("; name=a").replace(b"--b", b"--c"), b"p" * 10**5])
def test_a_form_without_its_boundary(body: bytes) -> None:
    with pytest.raises(NoBody, match="boundary that the Content-Type names is not in the body"):
        read(cut(body, *range(50_000, len(body), 50_000)))


def test_an_empty_form() -> None:
    assert read(END) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"--b\r\n\r\nx\r\n" + END, "no Content-Disposition"),  # no head at all
        (b"--b\r\nX: y\r\n\r\nx\r\n" + END, "no Content-Disposition"),
        (part("; name=data", encoding="utf-16") + END, "must be UTF-8"),
        (part('; name=data; filename="\xe9"', encoding="latin-1") + END, "must be UTF-8"),
        (part("; name=\xff", encoding="latin-1") + END, "must be UTF-8"),
        (part("; name=data\nX: y") + END, "end with CRLF"),
        (part("; name=data\rX: y") + END, "end with CRLF"),
    ],
)
def test_a_damaged_form(body: bytes, message: str) -> None:
    with pytest.raises(BrokenForm, match=message):
        read(body)


def test_a_line_break_in_a_name_adds_no_header() -> None:
    assert one('; name="data"; filename="a\r\n b.txt"')[1] == "a b.txt"
    injected = one('; name="data"; filename="a\r\nContent-Type: text/html\r\nX: "')
    assert injected[:2] == ("data", None)


@pytest.mark.parametrize(
    "body",
    [
        part("; name=data", b"x", "X: " + "y" * 2 * MAX_TEXT),
        part(f'; name=data; filename="{"x" * 2 * MAX_TEXT}"'),
        b"--b\r\n" + b"X: y\r\n" * MAX_TEXT,
        part("; name=data") + b"--b" + b" " * 2 * MAX_TEXT,
    ],
)
def test_the_headers_of_a_part_are_bounded(body: bytes) -> None:
    pieces = Pieces(body[start : start + 50_000] for start in range(0, len(body), 50_000))
    with pytest.raises(TooLarge, match=str(MAX_TEXT)):
        read(pieces)


def test_an_epilogue_of_any_length_is_read_and_ignored() -> None:
    stream = Pieces([part("; name=data") + END, *[b"x" * 60_000] * 10])
    assert read(stream) == [("data", None, None, b"x")]
    assert stream.read(1) == b""


def test_parts_are_counted() -> None:
    assert len(read(part("; name=data") * MAX_PARTS + END)) == MAX_PARTS
    with pytest.raises(TooLarge, match=f"more than {MAX_PARTS} parts"):
        read(part("; name=data") * (MAX_PARTS + 1) + END)


def test_a_part_as_text() -> None:
    [text] = [one.body.text(3) for one in parts(Pieces([part("; name=t", "€".encode()) + END]), FORM)]
    assert text == "€"
    for data, error in ((b"four", TooLarge), (b"\xff", InvalidRequest)):
        with pytest.raises(error):
            [one.body.text(3) for one in parts(Pieces([part("; name=t", data) + END]), FORM)]
