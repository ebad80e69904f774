"""Preconditions of a write: judged inside the change, so that no update is lost (RFC 9110 13.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from ..errors import PreconditionFailed
from ..http.preconditions import evaluate
from ..http.representations import represent
from ..settings import Settings
from ..values import Bytes, File, Variable
from .documents import variable_document

CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")


def is_conditional(headers: Headers) -> bool:
    """Tell whether the headers of a write hold preconditions."""
    return any(condition in headers for condition in CONDITIONS)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The guard of a conditional write.

    A variable has one tag for its JSON document and, if it has data, another for its data: a client may send either.
    """

    name: str
    method: str
    headers: Headers
    settings: Settings

    def __call__(self, found: Mapping[str, Variable]) -> None:
        """Judge the stored variable inside the change.

        :raises PreconditionFailed: a precondition is false.
        """
        tags, modified = [], None
        if self.name in found:
            value = found[self.name].value
            tags.append(variable_document(value).etag)
            if isinstance(value, (Bytes, File)):
                data = represent(value, self.settings)
                tags.append(data.etag)
                modified = data.content.modified
        if evaluate(self.method, self.headers, tags, modified) != 200:
            raise PreconditionFailed(tags[0] if tags else None)
