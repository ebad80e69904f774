"""Log what fails in a request, with its task and variable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import current_app, request

from ..errors.logged import log_failure


def failure_log(what: str) -> Callable[[BaseException], None]:
    """Return what logs a failure of this request. A response's body may call it after Flask has left the request."""
    arguments = request.view_args or {}
    task, variable = arguments.get("task_id"), arguments.get("name")
    return partial(log_failure, what, logger=current_app.logger, task=task, variable=variable)
