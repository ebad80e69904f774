"""A client for an engine's REST API, and the world of the golden answers in the engine."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from tests.contract.golden.world import Answer, Step, World

MODELS = Path(__file__).with_name("models")
TIMEOUT = 120.0
IDLE = 5.0
"""Seconds after which a connection is not used again, because an engine closes it after 20."""
_JSON = {"Content-Type": "application/json"}
_VARIABLES = {
    **dict.fromkeys(("process", "called"), "/process-instance/{}/variables"),
    "assessment": "/execution/{}/localVariables",
    **dict.fromkeys(("case", "stage"), "/case-execution/{}/localVariables"),
}
"""The paths to set variables in scopes that are not tasks."""


@dataclass(frozen=True)
class EngineWorld(World):
    """A new instance of every scope, with the ids that the engine chose."""

    ids: Mapping[str, str] = field(default_factory=dict)

    def id(self, scope: str) -> str:
        return self.ids[scope]

    def blank(self, answer: Answer) -> Answer:
        """Return the answer with placeholders in place of ids."""
        body = answer.body
        for scope, identifier in self.ids.items():
            body = body.replace(identifier.encode(), f"{{{scope}}}".encode())
        return replace(answer, body=body)


class Connection(HTTPConnection):
    """A connection that stays open for the next request. It is closed when its thread or test ends."""

    used = 0.0

    def __del__(self) -> None:
        self.close()

    def stay_fresh(self) -> None:
        """Connect again if the engine may be about to close this connection."""
        if time.monotonic() - self.used > IDLE:
            self.close()
        self.used = time.monotonic()


@dataclass(frozen=True)
class Rest:
    """One engine's REST API. Each thread has its own connection, which stays open.

    :param base: its URL, such as `http://127.0.0.1:8080/engine-rest`.
    :param headers: headers for each request, such as a log-in.
    """

    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    _of_the_thread: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send a request unchanged. The client only adds the body's length."""
        connection = self._connection
        connection.stay_fresh()
        try:
            connection.putrequest(method, urlsplit(self.base).path + path, skip_accept_encoding=True)
            for name, value in {**self.headers, **(headers or {})}.items():
                connection.putheader(name, value.encode("latin-1"))
            if body or method in ("POST", "PUT"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, Headers(response.getheaders()), response.read())
        except BaseException:
            connection.close()
            raise

    @property
    def _connection(self) -> Connection:
        if not hasattr(self._of_the_thread, "connection"):
            self._of_the_thread.connection = Connection(urlsplit(self.base).netloc, timeout=TIMEOUT)
        found: Connection = self._of_the_thread.connection
        return found

    def ask(self, step: Step, world: EngineWorld) -> Answer:
        """Send a request with placeholders. The answer has them too."""
        return world.blank(self.send(step.method, world.fill(step.path), step.headers, step.body))

    def call(self, method: str, path: str, document: object = None) -> Any:
        """Send a request that must succeed, and read its JSON."""
        body = b"" if document is None else json.dumps(document).encode()
        answer = self.send(method, path, {} if document is None else _JSON, body)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return json.loads(answer.body) if answer.body else None

    def deploy(self) -> None:
        """Deploy all models."""
        pieces = []
        for model in sorted(MODELS.iterdir()):
            head = f'--models\r\nContent-Disposition: form-data; name="{model.name}"; filename="{model.name}"\r\n\r\n'
            pieces += [head.encode(), model.read_bytes(), b"\r\n"]
        headers = {"Content-Type": "multipart/form-data; boundary=models"}
        answer = self.send("POST", "/deployment/create", headers, b"".join(pieces) + b"--models--\r\n")
        if answer.status != 200:
            raise RuntimeError(f"deployment: {answer.status} {answer.body.decode()}")

    def make_world(self) -> EngineWorld:
        """Start a process and a case, and create the tasks that belong to neither."""
        process = self.call("POST", "/process-definition/key/claim/start", {})["id"]
        called = self.call("GET", f"/process-instance?superProcessInstance={process}")[0]["id"]
        case = self.call("POST", "/case-definition/key/dispute/create", {})["id"]
        tasks = {one["taskDefinitionKey"]: one for one in self.call("GET", f"/task?processInstanceId={process}")}
        ids = {name: task["id"] for name, task in tasks.items()}
        ids |= {"process": process, "assessment": tasks["check"]["executionId"], "called": called, "case": case}
        ids["inside"] = self.call("GET", f"/task?processInstanceId={called}")[0]["id"]
        ids["hear"] = self.call("GET", f"/task?caseInstanceId={case}")[0]["id"]
        ids["stage"] = self.call("GET", f"/case-execution?caseInstanceId={case}&activityId=item")[0]["id"]
        for name, parent in (("alone", None), ("child", "alone"), ("subcheck", "check")):
            ids[name] = self.create_task(ids[parent] if parent else None)
        return EngineWorld(ids=ids)

    def create_task(self, parent: str | None = None) -> str:
        """Create a task that belongs to no process. Return its id."""
        task = str(uuid.uuid4())
        self.call("POST", "/task/create", {"id": task, "parentTaskId": parent})
        return task

    def set(self, world: EngineWorld, scope: str, variables: Mapping[str, object]) -> None:
        """Set variables in exactly this scope."""
        path = _VARIABLES.get(scope, "/task/{}/localVariables").format(world.id(scope))
        self.call("POST", path, {"modifications": variables})
