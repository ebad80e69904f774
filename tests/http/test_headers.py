"""The Content-Disposition for stored file names, normal and hostile ones."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from flask_taskvars.http.headers import (
    MAX_NAME,
    content_disposition,
    safe_filename,
)

# The stored name; the name in `filename*`, for today's clients; the name in `filename`, for old clients.
UNCHANGED = [
    "someFile.txt",
    "with space.txt",
    "no extension",
    "trailing.",
    "two..dots",
    "semi;colon.txt",
    "a;b=c.txt",
    "a=b.txt",
    "apostrophe's.txt",
    "comma,name.txt",
    "(paren).txt",
    "[x]{y}.txt",
    "at@tilde~.txt",
    "`$HOME`&#!^+.txt",
    "console.txt",
    "com10.txt",
    "nulled.tar.gz",
    "x" * MAX_NAME,
]
NAMES = [
    *((name, name, name) for name in UNCHANGED),
    # texts with another meaning in a quoted string, a percent decoder or a MIME reader
    ('quo"te.txt', 'quo"te.txt', "quo_te.txt"),
    ('a\\"b.txt', '"b.txt', "_b.txt"),
    ("100%.txt", "100%.txt", "100_.txt"),
    ("percent%41.txt", "percent%41.txt", "percent_41.txt"),
    ("%2e%2e%2fx", "%2e%2e%2fx", "_2e_2e_2fx"),
    ("=?utf-8?q?x?=.txt", "=?utf-8?q?x?=.txt", "=_utf-8_q_x_=.txt"),
    ("<angle>.txt", "<angle>.txt", "_angle_.txt"),
    ("star*.txt", "star*.txt", "star_.txt"),
    ("colon:name.txt", "colon:name.txt", "colon_name.txt"),
    ("what?.txt", "what?.txt", "what_.txt"),
    ("pipe|.txt", "pipe|.txt", "pipe_.txt"),
    # other scripts
    ("ümläut.txt", "ümläut.txt", "umlaut.txt"),
    ("u\u0308.txt", "u\u0308.txt", "u.txt"),
    ("\u0301.pdf", "\u0301.pdf", "_pdf"),
    ("日本語.txt", "日本語.txt", "___.txt"),
    ("文档", "文档", "__"),
    ("€.txt", "€.txt", "_.txt"),
    ("ﬁ.txt", "ﬁ.txt", "fi.txt"),
    ("שלום.txt", "שלום.txt", "____.txt"),
    ("no\u00a0break.txt", "no\u00a0break.txt", "no break.txt"),
    ("soft\u00adhyphen.txt", "soft\u00adhyphen.txt", "soft_hyphen.txt"),
    ("😀.png", "😀.png", "_.png"),
    ("👨\u200d👩\u200d👧.png", "👨\u200d👩\u200d👧.png", "_____.png"),
    ("a\U0010ffff.txt", "a\U0010ffff.txt", "a_.txt"),
    # texts that become dangerous when a client folds them to ASCII
    ("ＣＯＮ.txt", "ＣＯＮ.txt", "_CON.txt"),  # noqa: RUF001
    ("／etc／passwd", "／etc／passwd", "_etc_passwd"),  # noqa: RUF001
    ("．．", "．．", "_."),  # noqa: RUF001
    # invisible characters
    ("\u202egpj.exe", "gpj.exe", "gpj.exe"),
    ("a\u2066b\u2069.txt", "ab.txt", "ab.txt"),
    ("\u061ca\u200e\u200f.txt", "a.txt", "a.txt"),
    ("\ufeffbom.txt", "bom.txt", "bom.txt"),
    ("zero\u200bwidth.txt", "zerowidth.txt", "zerowidth.txt"),
    ("\u202e", "download", "download"),
    # controls
    ("tab\there.txt", "tab_here.txt", "tab_here.txt"),
    ("new\r\nX-Evil: 1.txt", "new__X-Evil: 1.txt", "new__X-Evil_ 1.txt"),
    ("nul\0byte.txt", "nul_byte.txt", "nul_byte.txt"),
    ("del\x7fesc\x1b.txt", "del_esc_.txt", "del_esc_.txt"),
    ("next\x85line\u2028para\u2029.txt", "next_line_para_.txt", "next_line_para_.txt"),
    ("\ud800.txt", "_.txt", "_.txt"),
    ("a\udc80b.txt", "a_b.txt", "a_b.txt"),
    # paths
    ("../../etc/passwd", "passwd", "passwd"),
    ("dir/file.txt", "file.txt", "file.txt"),
    ("dir/", "dir", "dir"),
    ("C:\\dir\\x.txt", "x.txt", "x.txt"),
    ("\\\\server\\share\\x.txt", "x.txt", "x.txt"),
    ("..\\/..", "download", "download"),
    ("/", "download", "download"),
    ("a/\u202e..", "download", "download"),
    # names without a usable character
    ("", "download", "download"),
    ("  ", "download", "download"),
    ("\u00a0", "download", "download"),
    (".", "download", "download"),
    ("..", "download", "download"),
    (" ... ", "download", "download"),
    (". .", "download", "download"),
    (" padded.txt ", "padded.txt", "padded.txt"),
    # hidden files, and names that are only an extension: an old client must not save them as hidden
    (".hidden", ".hidden", "_hidden"),
    (".tar.gz", ".tar.gz", "_tar.gz"),
    # devices of Windows
    ("CON.txt", "_CON.txt", "_CON.txt"),
    ("con", "_con", "_con"),
    ("nul.tar.gz", "_nul.tar.gz", "_nul.tar.gz"),
    ("com1", "_com1", "_com1"),
    ("LPT9 .txt", "_LPT9 .txt", "_LPT9 .txt"),
    ("COM¹.txt", "_COM¹.txt", "_COM1.txt"),
    ("CONIN$", "_CONIN$", "_CONIN$"),
    ("dir/aux", "_aux", "_aux"),
    # too long
    ("a" * 5000, "a" * 236, "a" * 236),
    ("a" * 296 + ".txt", "a" * 232 + ".txt", "a" * 232 + ".txt"),
    ("é" * 150 + ".txt", "é" * 116 + ".txt", "e" * 116 + ".txt"),
    ("文" * 100 + ".pdf", "文" * 77 + ".pdf", "_" * 77 + ".pdf"),
    ("x." + "e" * 300, "x." + "e" * 234, "x." + "e" * 234),
    ("." + "x" * 300, "." + "x" * 235, "_" + "x" * 235),
    ("㌖" * 78, "㌖" * 78, "_" * 236),
    ("x/" * 5000 + "a.txt", "a.txt", "a.txt"),
    ("b" + "a" * 9000 + ".txt", "b" + "a" * 231 + ".txt", "b" + "a" * 231 + ".txt"),
    # names that only become harmful when they are cut
    ("." + " " * 300 + "x", "download", "download"),
    ("CON" + " " * 300 + ".txt", "_CON.txt", "_CON.txt"),
    ("CON." + "x" * 232, "_CON." + "x" * 231, "_CON." + "x" * 231),
    ("a" * 235 + " " + "b" * 9, "a" * 235, "a" * 235),
]


def ids(text: object) -> str:
    return ascii(text)[:40]


@pytest.mark.parametrize(("stored", "name", "plain"), NAMES, ids=ids)
def test_file_names(stored: str, name: str, plain: str) -> None:
    value = content_disposition(stored)
    assert safe_filename(stored) == name
    assert value.startswith(f'attachment; filename="{plain}"')
    assert ("filename*=UTF-8''" in value) == (name != plain)
    assert parse_options_header(value) == ("attachment", {"filename": name})  # a client that reads both
    assert read_without_the_star(value) == plain


def read_without_the_star(value: str) -> str | None:
    """Return the file name for a client that does not support RFC 8187."""
    message = Message()
    message["Content-Disposition"] = value
    return message.get_filename()


def read_with_the_star(value: str) -> str | None:
    """Return the file name for today's clients. (Older versions of Werkzeug strip quotes from decoded names.)"""
    starred = re.fullmatch(r'attachment; filename="[^"]+"; filename\*=UTF-8\'\'([^ ;"]+)', value)
    return unquote(starred[1], errors="strict") if starred else read_without_the_star(value)


def test_the_contracts_example() -> None:
    assert content_disposition("someFile.txt") == 'attachment; filename="someFile.txt"'


def test_filename_star_follows_rfc_8187() -> None:
    expected = "attachment; filename=\"umlaut _ 1.txt\"; filename*=UTF-8''%C3%BCmlaut%20%25%201.txt"
    assert content_disposition("ümlaut % 1.txt") == expected


def test_inline() -> None:
    assert content_disposition("a.png", inline=True) == 'inline; filename="a.png"'


HOSTILE = st.text(st.characters(categories=None), max_size=600) | st.text(
    './\\ "%;\0\r\n\u202eCON1é\ud800', max_size=300
)


@given(HOSTILE)
@example("." + " " * 300 + "x")
@example("CON" + " " * 300)
@example("é" * 127 + " .txt")
@example('"')
def test_no_file_name_does_harm(stored: str) -> None:
    name, value = safe_filename(stored), content_disposition(stored)
    assert re.fullmatch(r"[ -~]+", value)
    assert read_with_the_star(value) == name
    assert 0 < len(name.encode()) <= MAX_NAME
    assert name.strip(". ")
    assert not re.search(r"[/\\]", name)
    assert not {unicodedata.category(char) for char in name} & {"Cc", "Cs", "Zl", "Zp"}
    assert safe_filename(name) == name
    plain = read_without_the_star(value)
    assert plain is not None
    assert 0 < len(plain) <= MAX_NAME
    assert not re.search(r'["%/\\*?<>|:]|^\.', plain)
