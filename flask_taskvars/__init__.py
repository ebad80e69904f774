"""Serve the variables of a task, above all the binary ones, under Camunda 7's REST contract, from any storage."""

from .errors import Forbidden, MissingAuthorization, Refused
from .extension import TaskVars, create_blueprint
from .mount import everybody
from .values import Bytes, File, Value

__all__ = [
    "Bytes",
    "File",
    "Forbidden",
    "MissingAuthorization",
    "Refused",
    "TaskVars",
    "Value",
    "create_blueprint",
    "everybody",
]
