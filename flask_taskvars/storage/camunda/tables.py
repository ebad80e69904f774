"""The engine's tables, as far as they are read: column by column, for they differ from release to release."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Double, Integer, LargeBinary, String, TableClause, column, table
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

_PREFIX = re.compile(r"(?:\w+\.)?\w*", re.ASCII)


class Tables:
    """The tables that variables are found with, all of which Camunda 7.5 has too.

    :param prefix: what the engine was told to put before its tables' names, such as `camunda.` for a schema.
    :param cases: whether there are cases; an engine can be without.
    :raises ValueError: the prefix can't be one.
    """

    def __init__(self, prefix: str = "", *, cases: bool = True) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"table_prefix={prefix!r} can't stand before a table's name: give one such as 'camunda.'.")
        self._prefix = prefix
        self.task = self._table(
            "ACT_RU_TASK", "ID_", "EXECUTION_ID_", "CASE_EXECUTION_ID_", "PARENT_TASK_ID_", "PROC_DEF_ID_", "TENANT_ID_"
        )
        self.execution = self._table("ACT_RU_EXECUTION", "ID_", "PARENT_ID_")
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
        # Never quoted: the engine's own statements are not, and each database folds their names in its own way.
        types: dict[str, TypeEngine[Any]] = {text: String() for text in texts} | others
        columns = [column(quoted_name(one, False), kind) for one, kind in types.items()]
        return table(quoted_name(f"{self._prefix}{name}", False), *columns)
