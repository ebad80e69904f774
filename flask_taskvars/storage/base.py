"""The interface of a storage: three methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from ..values import TypedValue, Variable, typed_value


class StorageAdapter(ABC):
    """Where variables live. Subclass it, write three methods, and every route works on your storage.

    A task sees its own variables and those of the scopes around it; of two with the same name, the nearer one,
    whatever its type. `local=True` narrows a method to the task's own variables. All methods raise
    :class:`~flask_taskvars.errors.StorageUnavailable` when the storage can't be reached.
    """

    @abstractmethod
    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        """Find the variable of this name that is nearest to the task.

        :raises TaskNotFound: no task has this id.
        :raises VariableNotFound: no such variable is visible.
        """

    @abstractmethod
    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        """Find every visible variable, by name.

        :raises TaskNotFound: no task has this id.
        """

    @abstractmethod
    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
    ) -> None:
        """Set and delete variables, all or none.

        A name that is visible changes where it lives; a new one is created in the outermost scope, or with `local`
        in the task itself. Deleting an absent name is no error.

        :raises TaskNotFound: no task has this id.
        :raises InvalidRequest: a name or value can't be stored.
        """

    def set(self, scope: str, name: str, value: object) -> None:
        """Set one variable in exactly this scope.

        :param scope: the id of a task, or of a scope around tasks where the storage has such.
        :param value: a Bytes, File or Value; or a plain str, int, float, bool, None, datetime or bytes.
        :raises TaskNotFound: no scope has this id.
        :raises TypeError: no type of the contract fits the value.
        """
        self.update(scope, put={name: typed_value(value)}, local=True)
