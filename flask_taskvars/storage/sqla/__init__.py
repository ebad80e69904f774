"""Variables in the host's own database, through Flask-SQLAlchemy."""

from .adapter import SQLAlchemyStorage
from .models import ChunkMixin, Key, ScopeMixin, VariableMixin

__all__ = ["ChunkMixin", "Key", "SQLAlchemyStorage", "ScopeMixin", "VariableMixin"]
