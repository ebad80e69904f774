"""Everything that can go wrong: each error knows its status and its JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


class TaskVarsError(Exception):
    """The root of all errors that an answer can be made of.

    `status` is the HTTP status, `engine_status` the one of the `engine` profile where a Camunda 7 sends another,
    `type` and `code` go into the JSON beside the message.
    """

    status = 500
    engine_status: int | None = None
    type = "RestException"
    code: int | None = None

    def document(self) -> dict[str, object]:
        """The error as the contract's ExceptionDto."""
        return {"type": self.type, "message": str(self), "code": self.code}

    def headers(self) -> dict[str, str]:
        """The headers that belong to this error."""
        return {}


class NotFound(TaskVarsError):
    """What was asked for isn't there."""

    status = 404


class TaskNotFound(NotFound):
    """No task has this id."""

    engine_status = 500
    code = 0

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} doesn't exist: task is null")
        self.task_id = task_id


class VariableNotFound(NotFound):
    """No variable of this name is visible from the task."""

    type = "InvalidRequestException"

    def __init__(self, name: str) -> None:
        super().__init__(f"task variable with name {name} does not exist")


class InvalidRequest(TaskVarsError):
    """The caller's mistake; the message says what to do."""

    status = 400
    type = "InvalidRequestException"


class InvalidBody(InvalidRequest):
    """The body can't be read."""


class NoBody(InvalidRequest):
    """There is no document where one is needed; the engine stumbles over it with a NullPointerException."""

    engine_status = 500

    def __init__(self, message: str = "A JSON object is needed here: the body, or a variable in it, is null.") -> None:
        super().__init__(message)


class Unconvertible(InvalidRequest):
    """The value does not fit the type that the caller named."""


class UnsupportedType(Unconvertible):
    """The contract has no type of this name."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"Unsupported value type '{kind}'")


class InvalidFile(InvalidRequest):
    """What should make a file can't; the engine has no answer of its own for these and lets Java's through."""

    engine_status = 500
    type = "IllegalArgumentException"


class Unserializable(InvalidRequest):
    """The engine's own tables could not hold this value."""

    engine_status = 500
    type = "RestException"
    code = 0


class NotBinary(InvalidRequest):
    """The variable is no Bytes and no File. The engines print the id of the task here, not of the variable."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"Value of variable with id {task_id} is not a binary value.")


@dataclass(frozen=True, slots=True)
class MissingAuthorization:
    """A permission that would have been enough, such as `MissingAuthorization("READ", "Task", task_id)`."""

    permissionName: str
    resourceName: str
    resourceId: str

    def __str__(self) -> str:
        return f"'{self.permissionName}' permission on resource '{self.resourceId}' of type '{self.resourceName}'"


class Forbidden(TaskVarsError):
    """The caller may not do this.

    :param user_id: who asked; None when nobody is named.
    :param missing: the permissions of which one would have been enough; empty lets the library name the engine's.
    """

    status = 403
    type = "AuthorizationException"
    code = 0

    def __init__(self, user_id: str | None = None, missing: Sequence[MissingAuthorization] = ()) -> None:
        self.user_id, self.missing = user_id, tuple(missing)
        who = "The caller" if user_id is None else f"The user with id '{user_id}'"
        match self.missing:
            case []:
                lack = "the permission for this"
            case [only]:
                lack = str(only)
            case _:
                lack = "one of the following permissions: " + " or ".join(map(str, self.missing))
        # With one permission the engine's sentence ends with a full stop, with several it does not.
        super().__init__(f"{who} does not have {lack}{'' if len(self.missing) > 1 else '.'}")

    def document(self) -> dict[str, object]:
        only = self.missing[0] if len(self.missing) == 1 else None
        return super().document() | {
            "userId": self.user_id,
            "resourceName": only and only.resourceName,
            "resourceId": only and only.resourceId,
            "permissionName": only and only.permissionName,
            "missingAuthorizations": [asdict(one) for one in self.missing],
        }


class WrongTenant(TaskVarsError):
    """The task belongs to a tenant that the caller does not belong to."""

    status = 403
    engine_status = 500
    code = 0

    def __init__(self, verb: str, task_id: str) -> None:
        super().__init__(
            f"ENGINE-13034 Cannot {verb} the task '{task_id}' because it belongs to no authenticated tenant."
        )


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


class ReadOnly(TaskVarsError):
    """The storage takes no changes (RFC 9110 15.5.6)."""

    status = 405
    type = "NotAllowedException"

    def __init__(self) -> None:
        super().__init__("These variables can only be read.")

    def headers(self) -> dict[str, str]:
        return {"Allow": "GET, HEAD, OPTIONS"}


class EngineRefused(TaskVarsError):
    """The engine behind the storage refused a change; its status, type, message and code are passed on.

    :param status: what the engine answered.
    """

    def __init__(self, status: int, kind: str, message: str, code: int | None) -> None:
        super().__init__(message)
        self.status, self.type, self.code = status, kind, code


class StorageUnavailable(TaskVarsError):
    """The storage can't be reached now; the cause is chained and goes to the log, not to the caller."""

    status = 503
    type = "ServiceUnavailableException"

    def __init__(self) -> None:
        super().__init__("The storage of the variables can't be reached now: try again in a moment.")

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class ContentVanished(StorageUnavailable):
    """The bytes were replaced or deleted between the look-up and the read: asking again finds the new ones."""
