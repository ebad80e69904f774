"""Name the caller of a request: only the caller who began a resumable upload may continue it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask import Request, current_app

from .given import check_function, kind_of

Caller: TypeAlias = Callable[[], "str | None"]
"""Returns a name that stays the same during an upload, such as the user's id; None if the caller is unknown."""


@dataclass(slots=True)
class Callers:
    """The host's function that names the caller, which a decorator may set after the blueprint was made."""

    function: Caller | None = None

    def use(self, function: Caller) -> None:
        """Name callers by this function from now on.

        :raises TypeError: it is not a plain function without parameters.
        """
        check_function(function, "caller", (), "str | None")
        self.function = function

    def name(self, request: Request) -> str:
        """Name the caller of a request; return an empty text if the caller is unknown.

        :raises TypeError: the host's function returned neither a str nor None.
        """
        if self.function is None:
            return _known_to_flask(request)
        answer: object = self.function()
        if answer is None:
            return ""
        if not isinstance(answer, str):
            raise TypeError(
                f"The caller function returned {kind_of(answer)}: it must return a str, or "
                "None if it does not know the caller."
            )
        return answer


def _known_to_flask(request: Request) -> str:
    """Name Flask-Login's user if the app uses it, otherwise `REMOTE_USER`, otherwise the user of Basic authentication.

    A bearer token names nobody here: clients renew it, and a long upload would then belong to somebody else.
    """
    if hasattr(current_app, "login_manager"):
        from flask_login import current_user

        return str(current_user.get_id() or "")
    if request.remote_user:
        return str(request.remote_user)
    known = request.authorization
    return str(known.username or "") if known and known.type == "basic" else ""
