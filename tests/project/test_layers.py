"""The layers: imports only go downwards, and optional packages are imported only if they are chosen."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "flask_taskvars"
LAYERS = [
    {"__init__"},
    {"extension"},
    {"cli", "routes"},
    {"upload_views"},
    {"views"},
    {"handlers"},
    {"contract", "mount"},
    {"http"},
    {"callers", "gates", "settings", "signals"},
    {"storage.camunda", "storage.memory", "storage.sqla"},
    {"storage.sql"},
    {"storage"},
    {"contents"},
    {"json_texts"},
    {"values"},
    {"errors", "given"},
]
"""The layers from the top: packages, and modules that are in no package."""

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def imports(name: str) -> set[str]:
    """Return the modules of our package that a module imports."""
    found, path = set(), MODULES[name]
    package = name.split(".") if path.name == "__init__.py" and name != "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            module = ".".join(part for part in base if part)
            named = {f"{module}.{alias.name}".lstrip(".") for alias in node.names}
            found |= named & MODULES.keys() or {module}
    return found & MODULES.keys()


def room(module: str) -> str:
    """Return the innermost package in LAYERS that contains a module."""
    parts = module.split(".")
    rooms = set().union(*LAYERS)
    return next(one for end in range(len(parts), 0, -1) if (one := ".".join(parts[:end])) in rooms)


def floor(module: str) -> int:
    return next(number for number, rooms in enumerate(LAYERS) if room(module) in rooms)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way(name: str) -> None:
    others = {other for other in imports(name) if room(other) != room(name)}
    assert [other for other in sorted(others) if floor(other) <= floor(name)] == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    tuple(TopologicalSorter({name: imports(name) - {name} for name in MODULES}).static_order())


def test_every_module_has_a_layer() -> None:
    assert {room(name) for name in MODULES} == set().union(*LAYERS)


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
