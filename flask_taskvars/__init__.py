"""Serve the variables of a task, above all the binary ones, under Camunda 7's REST contract, from any storage."""

from .errors import Forbidden, MissingAuthorization
from .extension import TaskVars, create_blueprint
from .values import Bytes, File, Value

__all__ = ["Bytes", "File", "Forbidden", "MissingAuthorization", "TaskVars", "Value", "create_blueprint"]
