"""What a gate is, and the gates of one mount."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..errors import ConfigError
from ..given import check_function, kind_of
from ..storage.base import Guard
from ..values import TypedValue, Variable

Gate: TypeAlias = Callable[[str, str, TypedValue], None]
"""`(task_id, name, value)`: returns None to accept the value, or raises Refused."""


class ChangeGate(ABC):
    """A gate that also judges each change as a whole, while all other writers of the task's variables wait."""

    @abstractmethod
    def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
        """Judge one value, before anything is locked.

        :raises Refused: nothing of the change is stored.
        """

    @abstractmethod
    def judge(self, put: Mapping[str, TypedValue], found: Mapping[str, Variable]) -> None:
        """Judge a change as a whole, inside its transaction.

        :param put: the new values by name.
        :param found: the stored variables that the change replaces or deletes.
        :raises Refused: nothing of the change is stored.
        """


@dataclass(slots=True)
class Gates:
    """The host's gates, in the order in which they are called. A decorator may add one after the blueprint was made."""

    _gates: list[Gate] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._gates)

    def add(self, gate: Gate) -> None:
        """Add a gate behind the others.

        :raises TypeError: the gate can't be called with a task's id, a name and a value.
        """
        check_function(gate, "accept", ("task_id", "name", "value"), "None")
        self._gates.append(gate)

    def judge(self, task_id: str, values: Mapping[str, TypedValue]) -> None:
        """Show each value to each gate.

        :raises Refused: a gate keeps a value out.
        :raises TypeError: a gate returned something.
        """
        for name, value in values.items():
            for gate in self._gates:
                answer: object = gate(task_id, name, value)
                if answer is not None:
                    raise _wrong_answer(answer)

    def guard(self, put: Mapping[str, TypedValue], first: Guard | None) -> Guard | None:
        """Make a guard for an update that calls each :class:`ChangeGate`.

        :param put: the values that the update will set.
        :param first: a guard to call before them, such as the preconditions.
        :return: `first` itself if no gate judges whole changes.
        """
        gates = [gate for gate in self._gates if isinstance(gate, ChangeGate)]

        def look(found: Mapping[str, Variable]) -> None:
            if first:
                first(found)
            for gate in gates:
                gate.judge(put, found)

        return look if gates and put else first


def _wrong_answer(answer: object) -> TypeError:
    if inspect.iscoroutine(answer):
        answer.close()  # nobody will await it
    return TypeError(
        f"An accept function returned {kind_of(answer)}: it must return None to accept a value, or raise "
        "Refused(status, message) to keep it out."
    )


def number_of_bytes(limit: object) -> int:
    """Return a limit if it is a number of bytes.

    :raises ConfigError: it is not an int, or is negative.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ConfigError(f"The limit must be a number of bytes, not {limit!r}.")
    return limit
