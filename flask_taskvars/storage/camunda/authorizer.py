"""Decide with the permissions in the engine's own tables (Camunda 7's AuthorizationCommandChecker)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from ...errors import Forbidden, MissingAuthorization, TaskNotFound, WrongTenant
from ..base import Action
from .adapter import CamundaStorage
from .tables import Tables

_TASK, _DEFINITION = 7, 6
_NAMES = {_TASK: "Task", _DEFINITION: "ProcessDefinition"}
_GLOBAL, _GRANT, _REVOKE = 0, 1, 2
_ANY = "*"


@dataclass(frozen=True, slots=True)
class _Permission:
    """A permission on a kind of resource, with its bit in `PERMS_`."""

    name: str
    resource: int
    bit: int


_READ = (_Permission("READ", _TASK, 2), _Permission("READ_TASK", _DEFINITION, 64))
_READ_VARIABLE = (
    _Permission("READ_VARIABLE", _TASK, 64),
    _Permission("READ_TASK_VARIABLE", _DEFINITION, 8388608),
)
_WRITE = (
    _Permission("UPDATE_VARIABLE", _TASK, 32),
    _Permission("UPDATE_TASK_VARIABLE", _DEFINITION, 524288),
    _Permission("UPDATE", _TASK, 4),
    _Permission("UPDATE_TASK", _DEFINITION, 128),
)


class CamundaAuthorizer:
    """Let the engine's own authorizations and tenants decide: `TaskVars(storage, CamundaAuthorizer(storage, user=…))`.

    A task in a process needs a permission on the task or on all tasks of its process definition. A standalone task
    needs a permission on the task; a task in a case needs none. Global authorizations, grants and revocations count as
    in the engine: the user's own before those of the user's groups. Beside the five tables of the storage this class
    reads ACT_RU_AUTHORIZATION and ACT_RE_PROCDEF.

    :param storage: the storage with the tasks.
    :param user: returns the id of the user who is asking; None means nobody, who may do nothing.
    :param groups: returns the ids of the user's groups.
    :param tenants: returns the ids of the user's tenants, or None for all tenants, as for the engine's administrators.
        If left out, tenants are not checked, as in an engine whose tenant check is off.
    :param specific_variable_permissions: whether the engine has `enforceSpecificVariablePermission`, which requires
        READ_VARIABLE and READ_TASK_VARIABLE instead of READ and READ_TASK.
    """

    decides_by_task = True
    """The engine grants permissions on tasks, not on single variables. So one query decides about a whole list."""

    def __init__(
        self,
        storage: CamundaStorage,
        *,
        user: Callable[[], str | None],
        groups: Callable[[], Collection[str]] = tuple,
        tenants: Callable[[], Collection[str] | None] = lambda: None,
        specific_variable_permissions: bool = False,
    ) -> None:
        self._storage, self._user, self._groups, self._tenants = storage, user, groups, tenants
        self._read = _READ_VARIABLE if specific_variable_permissions else _READ

    def __call__(self, action: Action, task_id: str, name: str | None) -> bool:
        """Decide, as an `authorize` function.

        :raises Forbidden: names the user and the missing permissions; any one of them would have been enough.
        :raises WrongTenant: the task belongs to another tenant.
        :raises TaskNotFound: the task doesn't exist any more.
        :raises StorageUnavailable: the database can't be reached.
        """
        user, groups = self._user(), list(self._groups())
        if user is None:
            return False
        who = {"task": task_id, "user": user, "groups": groups}
        rows = self._storage.select(_statement(self._storage.tables), who)
        if not rows:
            raise TaskNotFound(task_id)
        task = rows[0]
        tenants = self._tenants()
        if task.tenant is not None and tenants is not None and task.tenant not in tenants:
            raise WrongTenant("read" if action == "read" else "update", task_id)
        if task.execution is None and task.case_execution is not None:
            return True
        resources = {_TASK: task_id} if task.execution is None else {_TASK: task_id, _DEFINITION: task.definition}
        needed = [one for one in (self._read if action == "read" else _WRITE) if one.resource in resources]
        # The first permission with a grant or a revocation decides.
        decisions = (_decision(one, resources[one.resource], rows, user, groups) for one in needed)
        if next((decision for decision in decisions if decision is not None), False):
            return True
        raise Forbidden(
            user, [MissingAuthorization(one.name, _NAMES[one.resource], resources[one.resource]) for one in needed]
        )


def _statement(tables: Tables) -> Select[Any]:
    """Select the task, with one row for each authorization that concerns it and the caller, or one row without any.

    Also select every revocation of the caller: the engine honours revocations only if one exists.
    """
    task, definition, one = tables.task, tables.definition, tables.authorization
    resource = or_(
        and_(one.c.RESOURCE_TYPE_ == _TASK, one.c.RESOURCE_ID_.in_([task.c.ID_, _ANY])),
        and_(one.c.RESOURCE_TYPE_ == _DEFINITION, one.c.RESOURCE_ID_.in_([definition.c.KEY_, _ANY])),
    )
    groups = one.c.GROUP_ID_.in_(bindparam("groups", expanding=True))
    concerned = or_(one.c.USER_ID_.in_([bindparam("user"), _ANY]), groups)
    return (
        select(
            task.c.TENANT_ID_.label("tenant"),
            task.c.EXECUTION_ID_.label("execution"),
            task.c.CASE_EXECUTION_ID_.label("case_execution"),
            definition.c.KEY_.label("definition"),
            one.c.TYPE_.label("type"),
            one.c.USER_ID_.label("user"),
            one.c.GROUP_ID_.label("group"),
            one.c.RESOURCE_TYPE_.label("resource"),
            one.c.RESOURCE_ID_.label("resource_id"),
            one.c.PERMS_.label("permissions"),
        )
        .join_from(task, definition, definition.c.ID_ == task.c.PROC_DEF_ID_, isouter=True)
        .join(one, and_(or_(resource, one.c.TYPE_ == _REVOKE), concerned), isouter=True)
        .where(task.c.ID_ == bindparam("task"))
    )


def _decision(
    permission: _Permission, resource_id: str, rows: Sequence[Row[*tuple[Any, ...]]], user: str, groups: Collection[str]
) -> bool | None:
    """Whether a permission is granted or revoked; None if neither (`authCheck` in the engine's Authorization.xml)."""
    revocable = any(row.type == _REVOKE for row in rows)
    here = [row for row in rows if row.resource == permission.resource]
    holders = (
        [row for row in here if row.type != _GLOBAL and row.user == user],
        [row for row in here if row.type != _GLOBAL and row.group in groups],
        [row for row in here if row.type == _GLOBAL and row.user == _ANY],
    )
    for held in holders:
        for named in (resource_id, _ANY):
            bearing = [row for row in held if row.resource_id == named]
            if any(row.type != _REVOKE and row.permissions & permission.bit for row in bearing):
                return True
            if revocable and any(row.type != _GRANT and not row.permissions & permission.bit for row in bearing):
                return False
    return None
