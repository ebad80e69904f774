"""Gates that count bytes."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Refused
from ..storage.base import Found
from ..values import TypedValue, Variable, size_of
from .base import ChangeGate, number_of_bytes


class SizeLimit:
    """Refuse values that are longer than a limit, with 413.

    `TASKVARS_MAX_CONTENT_LENGTH` limits a form before it is read. This gate is for limits that depend on the task, the
    name or the type: call it from a gate of your own.

    :param limit: the most bytes of a File or Bytes, or of the JSON of any other value.
    :raises ConfigError: the limit is not a number of bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = number_of_bytes(limit)

    def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
        """Judge one value.

        :raises Refused: the value is longer than the limit.
        """
        if size_of(value) > self._limit:
            raise Refused(413, f"The value may have at most {self._limit} bytes.")


class TaskQuota(ChangeGate):
    """Refuse a change after which all variables of a task together would be longer than a limit, with 413.

    All variables in the task's scopes count: its own, those of the scopes around it, and those that a nearer variable
    of the same name hides. A change is judged while all other writers of these scopes wait, so that two uploads can't
    both take the last room. So give this object itself to `accept`: a function around it is called before the change.

    The storage must lock the scopes and count their bytes, as :class:`~flask_taskvars.storage.sqla.SQLAlchemyStorage`
    and :class:`~flask_taskvars.storage.memory.MemoryStorage` do. On other storages each write fails with a TypeError.
    If the host finds the scopes (`scopes=…`), there is no row to lock for a new name, and several uploads at once can
    exceed the limit.

    A change that needs no more room than the values that it replaces and deletes is never refused.

    :param limit: the most bytes of a task's variables together.
    :raises ConfigError: the limit is not a number of bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = number_of_bytes(limit)

    def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
        """Refuse early a value that is longer than the whole quota.

        :raises Refused: the value alone is longer than the limit.
        """
        if size_of(value) > self._limit:
            raise self._refusal()

    def judge(self, put: Mapping[str, TypedValue], found: Mapping[str, Variable]) -> None:
        """Judge a change as a whole.

        :raises Refused: there is no room for the change.
        :raises TypeError: the storage does not count bytes: it gave the guard no
            :class:`~flask_taskvars.storage.Found`.
        """
        if not isinstance(found, Found):
            raise TypeError(
                "TaskQuota needs a storage that counts bytes: its update must call the guard with a "
                "flask_taskvars.storage.Found."
            )
        growth = sum(map(size_of, put.values())) - sum(size_of(one.value) for one in found.values())
        if growth > 0 and found.usage() + growth > self._limit:
            raise self._refusal()

    def _refusal(self) -> Refused:
        return Refused(
            413, f"The variables of a task may have at most {self._limit} bytes together: delete some first."
        )
