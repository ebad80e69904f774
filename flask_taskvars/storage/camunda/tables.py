"""The engine's tables, with only the columns that we read, because tables differ between releases."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Double, Integer, LargeBinary, String, TableClause, column, table
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

_PREFIX = re.compile(r"(?:\w+\.)?\w*", re.ASCII)


class Tables:
    """The tables that we read. Camunda 7.5 already has all of them.

    :param prefix: the prefix of the engine's table names, such as `camunda.` for a schema.
    :param cases: whether the engine has cases.
    :raises ValueError: the prefix is invalid.
    """

    def __init__(self, prefix: str = "", *, cases: bool = True) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"table_prefix={prefix!r} can't begin a table's name: give a prefix such as 'camunda.'.")
        self._prefix = prefix
        self.task = self._table(
            "ACT_RU_TASK", "ID_", "EXECUTION_ID_", "CASE_EXECUTION_ID_", "PARENT_TASK_ID_", "PROC_DEF_ID_", "TENANT_ID_"
        )
        self.execution = self._table("ACT_RU_EXECUTION", "ID_", "PARENT_ID_", "PROC_DEF_ID_")
        self.case_execution = self._table("ACT_RU_CASE_EXECUTION", "ID_", "PARENT_ID_") if cases else None
        self.variable = self._table(
            "ACT_RU_VARIABLE",
            *("ID_", "NAME_", "TYPE_", "VAR_SCOPE_", "BYTEARRAY_ID_", "TEXT_", "TEXT2_"),
            REV_=Integer(),
            LONG_=BigInteger(),
            DOUBLE_=Double(),
        )
        self.bytes = self._table("ACT_GE_BYTEARRAY", "ID_", REV_=Integer(), BYTES_=LargeBinary())
        self.definition = self._table("ACT_RE_PROCDEF", "ID_", "KEY_")
        self.authorization = self._table(
            "ACT_RU_AUTHORIZATION",
            *("USER_ID_", "GROUP_ID_", "RESOURCE_ID_"),
            TYPE_=Integer(),
            RESOURCE_TYPE_=Integer(),
            PERMS_=Integer(),
        )

    def _table(self, name: str, *texts: str, **others: TypeEngine[Any]) -> TableClause:
        # Never quote names: the engine's own statements don't, and each database folds their case in its own way.
        types: dict[str, TypeEngine[Any]] = {text: String() for text in texts} | others
        columns = [column(quoted_name(one, False), kind) for one, kind in types.items()]
        return table(quoted_name(f"{self._prefix}{name}", False), *columns)
