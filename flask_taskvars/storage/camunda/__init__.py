"""Variables in the database of a live Camunda 7, Operaton or CIB seven."""

from .adapter import CamundaStorage
from .authorizer import CamundaAuthorizer

__all__ = ["CamundaAuthorizer", "CamundaStorage"]
