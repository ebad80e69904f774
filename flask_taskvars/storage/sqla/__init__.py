"""Variables in a database of the host's, through SQLAlchemy."""

from ..sql.columns import Key
from .adapter import SQLAlchemyStorage
from .models import ChunkMixin, JournalMixin, ScopeMixin, UploadMixin, VariableMixin

__all__ = ["ChunkMixin", "JournalMixin", "Key", "SQLAlchemyStorage", "ScopeMixin", "UploadMixin", "VariableMixin"]
