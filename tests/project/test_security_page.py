"""docs/security.md: every promise names tests that are there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.pages import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = re.findall(r"^\| .* \| `(tests/.*)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("test", TESTS)
def test_the_test_of_a_promise_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    functions = {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert name in functions or (not name and any(one.startswith("test_") for one in functions))


def test_every_security_test_file_holds_a_promise() -> None:
    held = {test.partition("::")[0] for test in TESTS}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("**/security/test_*.py")}
    assert files <= held
