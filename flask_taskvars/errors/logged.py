"""Log failures: one line each, with fields for whatever collects the logs."""

from __future__ import annotations

import logging
import re

from .base import TaskVarsError

_LOGGER = logging.getLogger("flask_taskvars")
"""Where a storage logs, which knows no app."""
_SECRET = re.compile(r"(?<=://)[^/@\s]*@|(?<=\?)[^\s?]*=[^\s)]*")
"""The user and password in a URL; its query, which may be signed."""


def log_failure(
    what: str,
    error: BaseException,
    logger: logging.Logger = _LOGGER,
    *,
    task: str | None = None,
    variable: str | None = None,
    store: str | None = None,
) -> None:
    """Log one failure. Its record has the fields `taskvars_…`; those that are unknown are None.

    :param what: `storage`, `scanner`, `download` or `sweep`.
    :param store: the content store's name, in a failure of one.
    """
    cause = _cause(error)
    name = f"{type(cause).__module__}.{type(cause).__qualname__}".removeprefix("builtins.")
    fields = {
        "taskvars_failed": what,
        "taskvars_cause": name,
        "taskvars_task": task,
        "taskvars_variable": variable,
        "taskvars_store": store,
    }
    logger.error("taskvars: the %s failed: %s: %s", what, name, _line(cause), extra=fields)


def _cause(error: BaseException) -> BaseException:
    """Find the first error that is not ours. SQLAlchemy's text would print the statement's parameters: take `orig`."""
    while isinstance(error, TaskVarsError) and error.__cause__:
        error = error.__cause__
    return getattr(error, "orig", None) or error


def _line(cause: BaseException) -> str:
    """Take the first line of an error. PostgreSQL quotes the statement in the lines after it."""
    return _SECRET.sub("…", str(cause).partition("\n")[0])
