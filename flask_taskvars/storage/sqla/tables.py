"""The tables of a storage: ready-made tables, or those of the host's models."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from .models import ChunkMixin, JournalMixin, ScopeMixin, UploadMixin, VariableMixin, ready_made, table_of


@dataclass(frozen=True)
class Tables:
    """The tables of a storage. `scope` is None if the host keeps the scopes itself."""

    scope: Table | None
    variable: Table
    chunk: Table
    journal: Table
    upload: Table

    @classmethod
    def choose(
        cls,
        metadata: MetaData | None,
        *,
        own_scopes: bool,
        scope: type[ScopeMixin] | None,
        variable: type[VariableMixin] | None,
        chunk: type[ChunkMixin] | None,
        journal: type[JournalMixin] | None,
        upload: type[UploadMixin] | None,
    ) -> Tables:
        """Take the tables of the host's models, and add ready-made tables for missing models.

        :param metadata: the metadata for ready-made tables; by default, that of a model, or a new one.
        :raises ValueError: the tables are in two databases, or belong to another table of variables.
        """
        given = [table_of(model).metadata for model in (scope, variable, chunk, journal, upload) if model]
        listed = next((one for one in (metadata, *given) if one is not None), MetaData())
        scopes = table_of(scope) if scope else ready_made(listed, ScopeMixin) if own_scopes else None
        variables = table_of(variable) if variable else ready_made(listed, VariableMixin)
        chunks = table_of(chunk) if chunk else ready_made(listed, ChunkMixin)
        journals = table_of(journal) if journal else ready_made(variables.metadata, JournalMixin)
        uploads = table_of(upload) if upload else ready_made(variables.metadata, UploadMixin)
        tables = cls(scopes if own_scopes else None, variables, chunks, journals, uploads)
        for table in (chunks, journals, uploads):
            # A sweep deletes the bytes that are in no row of *its* table of variables.
            # Alembic writes the `info` of a table into migrations, so ask that of the metadata.
            owner = table.metadata.info.setdefault(("taskvars_variable", table.key), variables)
            if owner is not variables:
                raise ValueError(
                    f"The table {table.name} belongs to {owner.name}, another table of "
                    f"variables: give {variables.name} chunk=, journal= and upload= models of its own as well."
                )
        if any(table.metadata is not variables.metadata for table in tables.all):
            raise ValueError(
                "The tables of scopes, variables, chunks, uploads and the journal must be in one database: same "
                "__bind_key__."
            )
        return tables

    @property
    def all(self) -> list[Table]:
        """All tables."""
        tables = (self.scope, self.variable, self.chunk, self.journal, self.upload)
        return [table for table in tables if table is not None]

    @property
    def metadata(self) -> MetaData:
        """The metadata with all tables."""
        return self.variable.metadata
