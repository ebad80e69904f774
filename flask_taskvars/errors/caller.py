"""Errors about the caller's mistakes, and about missing tasks and variables."""

from __future__ import annotations

from .base import Attempt, NotFound, Prefixed, TaskVarsError

MAX_SHOWN = 80
"""The most characters of a header that a message repeats."""


class TaskNotFound(Prefixed, NotFound):
    """No task has this id."""

    engine_status = 500
    code = 0

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} doesn't exist: task is null")
        self.task_id = task_id

    def reason(self, attempt: Attempt) -> str:
        if attempt.verb == "delete":
            return f"Cannot find task with id {attempt.task_id}: task is null"
        return str(self)


class VariableNotFound(NotFound):
    """The task sees no variable with this name."""

    type = "InvalidRequestException"

    def __init__(self, name: str) -> None:
        super().__init__(f"task variable with name {name} does not exist")


class InvalidRequest(TaskVarsError):
    """The caller's mistake; the message says what to do."""

    status = 400
    type = "InvalidRequestException"


class InvalidBody(InvalidRequest):
    """The body can't be read."""


class UnreadableBody(InvalidBody):
    """The client broke off, or sent chunks that can't be decoded (RFC 9112 7.1)."""

    def __init__(self) -> None:
        super().__init__("The body of the request did not arrive whole: send it again.")


class LengthRequired(InvalidRequest):
    """The body comes in chunks, and the server can't read them (RFC 9110 15.5.12)."""

    status = 411
    type = "ClientErrorException"

    def __init__(self) -> None:
        super().__init__("This server does not read bodies in chunks: send a Content-Length.")


class NoBody(InvalidRequest):
    """A JSON document or a form is missing; the engine answers with a NullPointerException."""

    engine_status = 500
    engine_type = "NullPointerException"  # with our own message: the engine's names Java classes

    def __init__(self, message: str = "A JSON object is needed here: the body, or a variable in it, is null.") -> None:
        super().__init__(message)


class BadMediaType(InvalidRequest):
    """The Content-Type of a form's part can't be read."""

    type = "RestException"

    def __init__(self) -> None:
        super().__init__("Invalid mime type given")


class BrokenForm(InvalidRequest):
    """The form can't be read to its end."""

    type = "RestException"

    def __init__(self, why: object) -> None:
        super().__init__(f"multipart/form-data cannot be processed: {why}")


class Unconvertible(Prefixed, InvalidRequest):
    """The value does not fit the type that the caller named."""

    def prefixed(self, attempt: Attempt) -> dict[str, object]:
        return {} if attempt.form else super().prefixed(attempt)

    def whose(self, attempt: Attempt) -> str:
        return "task"


class UnsupportedType(Unconvertible):
    """The contract has no type with this name."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"Unsupported value type '{kind}'")

    def prefixed(self, attempt: Attempt) -> dict[str, object]:
        return {"type": "RestException"} if attempt.form else super().prefixed(attempt)


class InvalidFile(InvalidRequest):
    """The input can't make a File. The engine answers with a raw Java exception."""

    engine_status = 500
    type = "IllegalArgumentException"


class Unserializable(Prefixed, InvalidRequest):
    """The engine could not store this value."""

    engine_status = 500
    type = "RestException"
    code = 0


class NotBinary(InvalidRequest):
    """The variable is neither Bytes nor a File. In this message the engines print the task's id, not the variable's."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"Value of variable with id {task_id} is not a binary value.")


class WrongContentType(TaskVarsError):
    """The method does not take a body of this Content-Type (RFC 9110 15.5.16).

    :param sent: the request's header; None if it has none.
    :param needed: the media type that the method takes.
    """

    status = 415
    type = "NotSupportedException"
    engine_message = "HTTP 415 Unsupported Media Type"

    def __init__(self, sent: str | None, needed: str) -> None:
        not_this = f", not {_shown(sent)}." if sent else ": the request has no Content-Type."
        super().__init__(f"Send {needed} here{not_this}")
        self.needed = needed

    def headers(self) -> dict[str, str]:
        return {"Accept": self.needed}


def _shown(header: str) -> str:
    """Shorten a header of the caller's for a message, and make each character visible."""
    text = header if len(header) <= MAX_SHOWN else f"{header[: MAX_SHOWN - 1]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


class TooLarge(TaskVarsError):
    """The request holds more than the settings allow."""

    status = 413
    type = "RequestEntityTooLargeException"


class PreconditionFailed(TaskVarsError):
    """A precondition of the request is false (RFC 9110 15.5.13)."""

    status = 412
    type = "PreconditionFailedException"

    def __init__(self, etag: str | None) -> None:
        super().__init__("The variable is not in the state that the request's preconditions name: fetch it again.")
        self.etag = etag

    def headers(self) -> dict[str, str]:
        return {"ETag": f'"{self.etag}"'} if self.etag else {}


class RangeNotSatisfiable(TaskVarsError):
    """No range of the set overlaps the content (RFC 9110 15.5.17).

    :param size: the content's length in bytes.
    """

    status = 416
    type = "RangeNotSatisfiableException"

    def __init__(self, size: int) -> None:
        super().__init__(f"No range of the request lies within the {size} bytes of the variable.")
        self.size = size

    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}", "Accept-Ranges": "bytes"}
