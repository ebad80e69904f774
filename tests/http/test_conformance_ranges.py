"""A table of requests for RFC 9110 sections 14 and 15.3.7, sent to every server."""

from __future__ import annotations

import pytest

from flask_taskvars.values import BLOCK
from tests.http.conformance import Case, run
from tests.support.served_world import MULTI, stored
from tests.support.servers import Served

pytest_plugins = ["tests.support.served_fixtures"]
pytestmark = pytest.mark.tools

END = len(MULTI)
LAST = END - 1
INLINE = len(stored("inline"))
NINES = "9" * 400
ARABIC_ZERO = "\N{ARABIC-INDIC DIGIT ZERO}"


def some(name: str, asked: str, *ranges: tuple[int, int], clause: str = "14.1.2", variable: str = "multi") -> Case:
    """Make a case in which the request gets these ranges."""
    return Case(name, clause, f"Range: {asked}", 206, ranges, variable)


def ignored(name: str, asked: str, clause: str = "14.2", variable: str = "multi", method: str = "GET") -> Case:
    """Make a case in which the header Range is ignored."""
    return Case(name, clause, f"Range: {asked}", 200, (), variable, method)


def refused(name: str, asked: str, clause: str = "15.5.17", variable: str = "multi") -> Case:
    """Make a case in which no range can be satisfied."""
    return Case(name, clause, f"Range: {asked}", 416, (), variable)


SINGLE = [
    some("first-byte", "bytes=0-0", (0, 0)),
    some("last-byte", f"bytes={LAST}-{LAST}", (LAST, LAST)),
    some("last-byte-open", f"bytes={LAST}-", (LAST, LAST)),
    some("last-byte-suffix", "bytes=-1", (LAST, LAST)),
    some("middle", "bytes=500-999", (500, 999)),
    some("all", f"bytes=0-{LAST}", (0, LAST)),
    some("all-open", "bytes=0-", (0, LAST)),
    some("all-but-one", "bytes=1-", (1, LAST)),
    some("last-beyond-the-end", f"bytes=1-{END}", (1, LAST)),
    some("last-far-beyond-the-end", f"bytes=5-{NINES}", (5, LAST)),
    some("suffix", "bytes=-500", (END - 500, LAST)),
    some("suffix-of-all", f"bytes=-{END}", (0, LAST)),
    some("suffix-too-long", f"bytes=-{END + 1}", (0, LAST)),
    some("suffix-far-too-long", f"bytes=-{NINES}", (0, LAST)),
    some("leading-zeros", "bytes=0001-0000000000000000000000000005", (1, 5)),
    some("leading-zeros-suffix", "bytes=-0000000000000000000000000005", (END - 5, LAST)),
    some("over-a-chunk-border", f"bytes={BLOCK - 1}-{BLOCK}", (BLOCK - 1, BLOCK)),
    some("before-a-chunk-border", f"bytes=0-{BLOCK - 1}", (0, BLOCK - 1)),
    some("after-a-chunk-border", f"bytes={BLOCK}-{BLOCK}", (BLOCK, BLOCK)),
    some("a-whole-chunk", f"bytes={BLOCK}-{2 * BLOCK - 1}", (BLOCK, 2 * BLOCK - 1)),
    some("over-three-chunks", f"bytes={BLOCK - 7}-{3 * BLOCK + 7}", (BLOCK - 7, 3 * BLOCK + 7)),
    some("the-last-chunk", f"bytes={4 * BLOCK}-", (4 * BLOCK, LAST)),
    some("inline-last-byte", f"bytes={INLINE - 1}-", (INLINE - 1, INLINE - 1), variable="inline"),
    some("inline-middle", "bytes=100-200", (100, 200), variable="inline"),
    some("block-last-byte", "bytes=-1", (BLOCK - 1, BLOCK - 1), variable="block"),
    some("block-overlong", f"bytes=7-{BLOCK}", (7, BLOCK - 1), variable="block"),
    some("named-file", "bytes=5-8", (5, 8), variable="typed"),
    some("encoded-file", "bytes=1-2", (1, 2), variable="encoded"),
]
SYNTAX = [
    some("unit-upper-case", "BYTES=0-0", (0, 0), clause="14.1"),
    some("unit-mixed-case", "Bytes=0-0", (0, 0), clause="14.1"),
    some("list-with-spaces", "bytes=0-0, 2-2 ,\t4-4", (0, 0), (2, 2), (4, 4), clause="5.6.1"),
    some("list-with-empty-elements", "bytes=,0-0,,2-2, ,", (0, 0), (2, 2), clause="5.6.1.2"),
    some("one-among-empty-elements", "bytes=, ,0-0", (0, 0), clause="5.6.1.2"),
    ignored("unknown-unit", "items=0-0"),
    ignored("unknown-unit-none", "none=0-0"),
    ignored("unknown-unit-beyond", f"items={END}-"),
    ignored("no-unit", "0-0"),
    ignored("no-set", "bytes="),
    ignored("no-equals-sign", "bytes 0-0"),
    ignored("only-commas", "bytes=,,"),
    ignored("only-a-dash", "bytes=-"),
    ignored("only-a-number", "bytes=5"),
    ignored("words", "bytes=a-b"),
    ignored("hexadecimal", "bytes=0x0-0x5"),
    ignored("plus-sign", "bytes=+0-5"),
    ignored("underscore", "bytes=0-1_0"),
    ignored("spaces-within", "bytes=0 - 5"),
    ignored("space-before-equals", "bytes =0-5"),
    ignored("three-numbers", "bytes=1-2-3"),
    ignored("negative-first", "bytes=-1-5"),
    ignored("other-digits", f"bytes={ARABIC_ZERO}-{ARABIC_ZERO}"),
    ignored("last-before-first", "bytes=5-4", "14.1.1"),
    ignored("last-before-first-huge", f"bytes={NINES}-5", "14.1.1"),
    ignored("one-bad-spoils-the-set", "bytes=0-0,5-4", "14.1.1"),
    ignored("one-word-spoils-the-set", "bytes=0-0,x", "14.1.1"),
    ignored("more-than-64", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 130, 2)), "14.2"),
    ignored("head", "bytes=0-0", "14.2 (GET only)", method="HEAD"),
    ignored("head-unsatisfiable", f"bytes={END}-", "14.2 (GET only)", method="HEAD"),
    Case("on-404", "14.2", "Range: bytes=0-0", 404, variable="absent"),
    Case("on-400", "14.2", "Range: bytes=0-0", 400, variable="string"),
]
UNSATISFIABLE = [
    refused("first-at-the-end", f"bytes={END}-"),
    refused("first-beyond-the-end", f"bytes={END + 5}-{END + 9}"),
    refused("first-far-beyond", f"bytes={NINES}-"),
    refused("suffix-of-nothing", "bytes=-0", "14.1.2"),
    refused("all-of-a-set", f"bytes={END}-,{END + 1}-{END + 2},-0"),
    refused("after-a-full-block", f"bytes={BLOCK}-", variable="block"),
    refused("after-an-inline-value", f"bytes={INLINE}-", variable="inline"),
    refused("empty-content", "bytes=0-0", variable="empty"),
    refused("empty-content-open", "bytes=0-", variable="empty"),
    refused("null-content", "bytes=0-", variable="null"),
    ignored("empty-content-suffix", "bytes=-1", "14.2 (no content)", variable="empty"),
    ignored("null-content-suffix", "bytes=-1", "14.2 (no content)", variable="null"),
    some("one-satisfiable-last", f"bytes={END}-,0-0", (0, 0), clause="14.1.2"),
    some("one-satisfiable-first", "bytes=0-0,-0", (0, 0), clause="14.1.2"),
    some("two-satisfiable", f"bytes=0-0,{END}-,5-5", (0, 0), (5, 5), clause="14.1.2"),
]
PARTS = [
    some("two-parts", "bytes=0-0,-1", (0, 0), (LAST, LAST), clause="15.3.7.2"),
    some("as-asked", "bytes=20-29,0-9,40-49", (20, 29), (0, 9), (40, 49), clause="15.3.7.2"),
    some("named-file-parts", "bytes=0-3,5-8", (0, 3), (5, 8), clause="15.3.7.2", variable="typed"),
    some("charset-parts", "bytes=0-3,5-8", (0, 3), (5, 8), clause="15.3.7.2", variable="encoded"),
    some("inline-parts", "bytes=5-6,-2", (5, 6), (INLINE - 2, INLINE - 1), clause="15.3.7.2", variable="inline"),
    some(
        "parts-over-chunk-borders",
        f"bytes={BLOCK - 3}-{BLOCK + 3},{2 * BLOCK}-{4 * BLOCK},-9",
        *((BLOCK - 3, BLOCK + 3), (2 * BLOCK, 4 * BLOCK), (END - 9, LAST)),
        clause="15.3.7.2",
    ),
    some("parts-that-overlap", "bytes=0-99,50-149", (0, 149), clause="15.3.7.2"),
    some("parts-that-touch", "bytes=0-49,50-99", (0, 99), clause="15.3.7.2"),
    some("parts-that-touch-backwards", "bytes=50-99,0-49", (0, 99), clause="15.3.7.2"),
    some("parts-with-a-gap-of-one", "bytes=0-49,51-99", (0, 49), (51, 99), clause="15.3.7.2"),
    some("the-same-part-twice", "bytes=7-9,7-9", (7, 9), clause="15.3.7.2"),
    some("a-part-within-another", "bytes=0-99,10-20,500-599", (0, 99), (500, 599), clause="15.3.7.2"),
    some("joined-parts-keep-their-place", "bytes=500-599,0-9,590-700", (500, 700), (0, 9), clause="15.3.7.2"),
    some("parts-joined-by-a-third", "bytes=0-9,20-29,5-25", (0, 29), clause="15.3.7.2"),
    some("all-and-a-suffix", "bytes=0-,-5", (0, LAST), clause="15.3.7.2"),
    some("64-parts", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 128, 2)), *((n, n) for n in range(0, 128, 2))),
]


@pytest.mark.parametrize("case", [*SINGLE, *SYNTAX, *UNSATISFIABLE, *PARTS], ids=str)
def test_range(case: Case, server: Served) -> None:
    run(case, server)
