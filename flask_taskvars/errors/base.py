"""The base classes of the errors."""

from __future__ import annotations

from dataclasses import dataclass


class ConfigError(ValueError):
    """A setting or an argument can't work. Raised at start-up; the message says why and how to correct it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a request tried when an error occurred. The engine begins some messages with it.

    :param verb: `get`, `put` or `delete`.
    :param name: the variable's name; None for all variables of the task.
    :param form: whether the value came in an uploaded form.
    """

    verb: str
    task_id: str
    name: str | None
    form: bool = False


class TaskVarsError(Exception):
    """The base class of all errors that become an answer.

    `status` is the HTTP status. `engine_status` replaces it in the `engine` profile if Camunda 7 sends another one.
    `type` and `code` go into the JSON beside the message; in the `engine` profile `engine_type` replaces `type`, and
    `engine_message` the message.
    """

    status = 500
    engine_status: int | None = None
    type = "RestException"
    engine_type: str | None = None
    engine_message: str | None = None
    code: int | None = None

    def document(self, attempt: Attempt | None = None) -> dict[str, object]:
        """Write the error as the contract's ExceptionDto."""
        return {"type": self.type, "message": str(self), "code": self.code}

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this error."""
        return {}


class Prefixed(TaskVarsError):
    """An error whose message begins with the attempt, in the engine's words."""

    def document(self, attempt: Attempt | None = None) -> dict[str, object]:
        return super().document() | ({} if attempt is None else self.prefixed(attempt))

    def prefixed(self, attempt: Attempt) -> dict[str, object]:
        """Return the parts of the document that depend on the attempt."""
        if attempt.name is not None:
            return {"message": f"Cannot {attempt.verb} task variable {attempt.name}: {self.reason(attempt)}"}
        if attempt.verb == "get":
            return {"type": "NullValueException"}
        return {"message": f"Cannot modify variables for {self.whose(attempt)}: {self}"}

    def reason(self, attempt: Attempt) -> str:
        """Return the text after the attempt, for one variable."""
        return str(self)

    def whose(self, attempt: Attempt) -> str:
        """Return the engine's name for the task, for an attempt on several variables."""
        return f"task {attempt.task_id}"


class NotFound(TaskVarsError):
    """The task, the variable or the path doesn't exist."""

    status = 404
