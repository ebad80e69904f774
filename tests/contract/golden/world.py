"""The world of the golden answers, which is loaded through the Python API; and its requests, sent byte for byte."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import starmap
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_taskvars import Bytes, File, Value
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import TypedValue

GOLDEN = Path(__file__).parent
ENGINES = {"Camunda": "camunda-7.24.0.json", "Operaton": "operaton-1.0.3.json"}

Storage: TypeAlias = MemoryStorage | SQLAlchemyStorage


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One request with placeholders, and each engine's recorded answer.

    :param label: `case: METHOD path`. The table of differences refers to it.
    """

    label: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answers: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """Requests in order, on the shared `world` or on a `fresh` world without variables."""

    name: str
    on: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class World:
    """All scopes in a storage, with their own ids."""

    prefix: str = ""

    def id(self, scope: str) -> str:
        """Return the id of a scope."""
        return self.prefix + scope

    def fill(self, text: str) -> str:
        """Replace the placeholders by ids."""
        for scope in _world()["scopes"]:
            text = text.replace(f"{{{scope}}}", self.id(scope))
        return text

    def add_scopes(self, storage: Storage) -> None:
        """Add every scope, the outer ones first."""
        world = _world()
        waiting: dict[str, str | None] = dict(world["scopes"])
        while waiting:
            for scope in [scope for scope, parent in waiting.items() if parent not in waiting]:
                parent = waiting.pop(scope)
                around = None if parent is None else self.id(parent)
                storage.add_scope(self.id(scope), around, task=scope in world["tasks"])

    def add_variables(self, storage: Storage) -> None:
        """Set every variable."""
        for item in variables():
            storage.set(self.id(item["scope"]), item["name"], typed(item))


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases. Every engine got the same requests."""
    recordings = [json.loads((GOLDEN / file).read_text()) for file in ENGINES.values()]
    return tuple(starmap(_case, zip(*recordings, strict=True)))


def variables() -> list[dict[str, Any]]:
    """Return all variables of the shared world, as VariableValueDtos with their `scope` and `name`."""
    found: list[dict[str, Any]] = _world()["variables"]
    return found


def send(app: Flask, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """Send a request with its path unchanged. A test client would normalise it."""
    raw, _, query = path.partition("?")
    builder = EnvironBuilder(method=method, headers=Headers(headers), data=body, query_string=query)
    environ = builder.get_environ()
    builder.close()
    environ |= {"PATH_INFO": unquote_to_bytes(raw).decode("latin-1"), "REQUEST_URI": path, "RAW_URI": path}
    pieces, status, answered = run_wsgi_app(app, environ, buffered=True)
    return Answer(int(status[:3]), answered, b"".join(pieces))


def replay(app: Flask, step: Step, world: World, prefix: str = "") -> Answer:
    """Send a recorded request to the routes under `prefix`."""
    return send(app, step.method, world.fill(prefix + step.path), step.headers, step.body)


@cache
def _world() -> dict[str, Any]:
    world: dict[str, Any] = json.loads((GOLDEN / "world.json").read_text())
    return world


def _case(*recorded: Mapping[str, Any]) -> Case:
    name, on = recorded[0]["name"], recorded[0]["on"]
    steps = zip(*(one["steps"] for one in recorded), strict=True)
    return Case(name, on, tuple(_step(name, *step) for step in steps))


def _step(case: str, *recorded: Mapping[str, Any]) -> Step:
    asked, *others = ({key: value for key, value in one.items() if key != "answer"} for one in recorded)
    assert others.count(asked) == len(others), f"{case}: the engines got different requests"
    return replace(step_of(case, asked), answers=dict(zip(ENGINES, (one["answer"] for one in recorded), strict=True)))


def step_of(case: str, asked: Mapping[str, Any]) -> Step:
    """Return a step for a request from a file, without answers."""
    label = f"{case}: {asked['method']} {asked['path']}"
    return Step(label, asked["method"], asked["path"], asked.get("headers", {}), _bytes(asked), {})


def _bytes(step: Mapping[str, Any]) -> bytes:
    match step:
        case {"json": document}:
            return json.dumps(document).encode()
        case {"text": str(text)}:
            return text.encode()
        case {"base64": str(text)}:
            return b64decode(text)
    return b""


def typed(item: Mapping[str, Any]) -> TypedValue:
    """Return the value of one of :func:`variables`."""
    info = item.get("valueInfo", {})
    if item["type"] not in ("Bytes", "File"):
        return Value(item["type"], item["value"], info)
    data = None if item["value"] is None else b64decode(item["value"])
    if item["type"] == "Bytes":
        return Bytes(data)
    return File(data, filename=info["filename"], mimetype=info.get("mimeType"), encoding=info.get("encoding"))
