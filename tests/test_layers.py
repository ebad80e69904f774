"""The house: imports run one way, and what is optional is imported only when it is chosen."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "flask_taskvars"
LAYERS = [
    {"__init__"},
    {"extension"},
    {"cli", "views"},
    {"openapi"},
    {"operations"},
    {"uploads", "schemas", "documents", "problems"},
    {"mount", "multipart", "conversions", "responses"},
    {"representations"},
    {"disposition", "ranges", "preconditions"},
    {"signals", "settings"},
    {"storage.sqla", "storage.memory", "storage.camunda"},
    {"storage.camunda.authorizer"},
    {"storage.camunda.adapter"},
    {"storage.camunda.resolution", "storage.camunda.content", "storage.camunda.rest", "storage.camunda.stored"},
    {"storage.camunda.tables"},
    {"storage.sqla.adapter"},
    {"storage.sqla.resolution", "storage.sqla.content"},
    {"storage.sqla.database", "storage.sqla.writing"},
    {"storage.sqla.direct"},
    {"storage.sqla.models"},
    {"storage", "storage.base"},
    {"values"},
    {"errors"},
]
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def imports(name: str, path: Path) -> set[str]:
    """The modules of the package that a module imports."""
    found = set()
    package = name.split(".") if path.name == "__init__.py" and name != "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            found.add(".".join(part for part in base if part))
    return found


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


def test_every_module_has_a_layer() -> None:
    assert set(MODULES) == set().union(*LAYERS)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way(name: str) -> None:
    assert [other for other in imports(name, MODULES[name]) if other in MODULES and layer(other) <= layer(name)] == []


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("storage")))
def test_adapters_do_not_import_flask(name: str) -> None:
    for node in ast.parse(MODULES[name].read_text()).body:
        named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not [module for module in named if module.split(".")[0] in ("flask", "flask_sqlalchemy", "werkzeug")]


def test_the_package_imports_no_adapter() -> None:
    program = "import sys, flask_taskvars; print([name for name in sys.modules if 'sqlalchemy' in name])"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert printed.stdout == "[]\n"
