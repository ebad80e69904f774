"""Errors about what the caller may not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .base import Attempt, Prefixed, TaskVarsError


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

    :param user_id: the user to name in the message, if any.
    :param missing: permissions; any one of them would have been enough. If empty, the library names the engine's.
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

    def document(self, attempt: Attempt | None = None) -> dict[str, object]:
        only = self.missing[0] if len(self.missing) == 1 else None
        return super().document() | {
            "userId": self.user_id,
            "resourceName": only and only.resourceName,
            "resourceId": only and only.resourceId,
            "permissionName": only and only.permissionName,
            "missingAuthorizations": [asdict(one) for one in self.missing],
        }


class OtherSite(TaskVarsError):
    """A page of another site asked a browser to send this change (cross-site request forgery)."""

    status = 403
    type = "ForbiddenException"

    def __init__(self) -> None:
        super().__init__(
            "A page of another site sent this change. If it is yours, list its origin in TASKVARS_TRUSTED_ORIGINS."
        )


class Embedded(TaskVarsError):
    """A page tried to load a download as code, which the browser would run in the page."""

    status = 403
    type = "ForbiddenException"

    def __init__(self) -> None:
        super().__init__("A page can't run a download: link to it, fetch it, or show it as an image.")


class WrongTenant(Prefixed):
    """The task belongs to a tenant that the caller does not belong to."""

    status = 403
    engine_status = 500
    code = 0

    def __init__(self, verb: str, task_id: str) -> None:
        super().__init__(
            f"ENGINE-13034 Cannot {verb} the task '{task_id}' because it belongs to no authenticated tenant."
        )


class Refused(TaskVarsError):
    """One of the host's gates refuses a value; nothing is stored.

    :param status: 400, 403, 409, 413, 415 or 422.
    :param message: why, for the caller.
    :raises ValueError: the status is another one.
    """

    status = 422
    type = "RefusedException"

    def __init__(self, status: int, message: str) -> None:
        if status not in (400, 403, 409, 413, 415, 422):
            raise ValueError(f"A value is refused with 400, 403, 409, 413, 415 or 422, not with {status!r}.")
        super().__init__(message)
        self.status = int(status)
