"""The SQL statements that find the engine's variables that a task sees. Each look-up is one round trip."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    TableClause,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from ..sql.limits import INLINE
from .tables import Tables


class Resolution:
    """The look-ups in one engine's tables.

    :param slicing: whether the database can read a slice of an uncompressed value without the rest, as PostgreSQL does.
    """

    def __init__(self, tables: Tables, *, slicing: bool) -> None:
        self._tables, self._slicing = tables, slicing
        visible = _visible(tables)
        named = tables.variable.c.NAME_ == bindparam("name")
        self.one = self._found(visible, named, everything=True).order_by(visible.c.depth)
        self.all = self._found(visible, true(), everything=False).order_by(visible.c.depth.desc())

    def _found(self, visible: CTE, named: ColumnElement[bool], *, everything: bool) -> Select[Any]:
        """Select the variables that the task sees, and always at least one row for the task itself.

        The rows include bytes only up to `INLINE`, because the caller may not be allowed to read them.

        :param everything: whether to include the bytes of small Files. Otherwise leave out even a File's size on MySQL
            and MariaDB, which would read the whole file to find it.
        """
        variable, content = self._tables.variable, self._tables.bytes
        held = content if everything else content.alias("held")
        wanted = true() if everything else variable.c.TYPE_ != "file"
        found = (
            select(
                visible.c.id.label("scope"),
                visible.c.depth,
                *stored_columns(variable, content, held, wanted, slicing=self._slicing),
            )
            .join_from(visible, variable, and_(variable.c.VAR_SCOPE_ == visible.c.id, named), isouter=True)
            .join(content, content.c.ID_ == variable.c.BYTEARRAY_ID_, isouter=True)
            .where(or_(visible.c.depth == 0, variable.c.ID_.is_not(None)))
        )
        if everything:
            return found
        told = true() if self._slicing else wanted
        return found.join(held, and_(held.c.ID_ == content.c.ID_, told), isouter=True)


def stored_columns(
    variable: TableClause, content: FromClause, held: FromClause, wanted: ColumnElement[bool], *, slicing: bool
) -> list[ColumnElement[Any]]:
    """Return the columns to read of a variable and its bytes.

    :param held: the byte array, joined only if its size may be read.
    :param wanted: whether to include the bytes if they are few.
    """
    size = func.octet_length(held.c.BYTES_)
    return [
        *(one.label(f"variable_{one.name.strip('_').lower()}") for one in variable.c),
        content.c.REV_.label("content_rev"),
        size.label("size"),
        (func.pg_column_size(held.c.BYTES_) < size if slicing else literal(True)).label("packed"),
        case((and_(wanted, size <= INLINE), held.c.BYTES_)).label("data"),
    ]


def _visible(tables: Tables) -> CTE:
    """Select the scopes that a task sees: itself first, then outwards along one of three ways.

    If the task is in an execution, these are the executions around it. Otherwise, if it is in a case execution, the
    case executions around it. Otherwise, if it is a subtask, its parent task (TaskEntity.getParentVariableScope). The
    way never crosses a call activity.
    """
    task, execution, cases = tables.task, tables.execution, tables.case_execution
    visible = (
        select(
            task.c.ID_.label("id"),
            literal(0).label("depth"),
            task.c.EXECUTION_ID_.label("execution"),
            task.c.CASE_EXECUTION_ID_.label("case_execution"),
            task.c.PARENT_TASK_ID_.label("parent_task"),
        )
        .where(task.c.ID_ == bindparam("task"))
        .cte("visible", recursive=True)
    )
    parent = task.alias("parent")
    no_execution = visible.c.execution.is_(None)
    no_case = visible.c.case_execution.is_(None)
    at_parent = and_(no_execution, no_case, parent.c.ID_ == visible.c.parent_task)
    joined = visible.join(execution, execution.c.ID_ == visible.c.execution, isouter=True)
    found: ColumnElement[str] = func.coalesce(execution.c.ID_, parent.c.ID_)
    next_case: ColumnElement[str | None] = parent.c.CASE_EXECUTION_ID_
    if cases is not None:
        at_case = and_(no_execution, cases.c.ID_ == visible.c.case_execution)
        joined = joined.join(cases, at_case, isouter=True)
        found = func.coalesce(execution.c.ID_, cases.c.ID_, parent.c.ID_)
        next_case = func.coalesce(cases.c.PARENT_ID_, parent.c.CASE_EXECUTION_ID_)
    step = select(
        found,
        visible.c.depth + 1,
        func.coalesce(execution.c.PARENT_ID_, parent.c.EXECUTION_ID_),
        next_case,
        parent.c.PARENT_TASK_ID_,
    ).select_from(joined.join(parent, at_parent, isouter=True))
    return visible.union_all(step.where(found.is_not(None), visible.c.depth < bindparam("deepest")))
