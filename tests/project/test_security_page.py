"""docs/security.md: the test of every promise exists."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.pages import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = re.findall(r"^\| .* \| `(tests/.*)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("test", TESTS)
def test_the_test_of_each_promise_exists(test: str) -> None:
    path, _, name = test.partition("::")
    functions = {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert name in functions or (not name and any(one.startswith("test_") for one in functions))


def test_every_file_of_security_tests_is_named() -> None:
    held = {test.partition("::")[0] for test in TESTS}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("**/security/test_*.py")}
    assert files <= held
