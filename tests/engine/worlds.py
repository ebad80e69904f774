"""Reuse the worlds of an engine. To empty one in the database takes a tenth of the time of a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.engine.rest import EngineWorld, Rest

_HELD = sa.text("SELECT var_scope_, name_, bytearray_id_ FROM act_ru_variable WHERE var_scope_ = ANY(:scopes)")
_EMPTY = sa.text("DELETE FROM act_ru_variable WHERE var_scope_ = ANY(:scopes)")
_DROP = sa.text("DELETE FROM act_ge_bytearray WHERE id_ = ANY(:contents)")

Held = frozenset[tuple[str, str]]
"""The scope and the name of each variable in a world."""


@dataclass
class Worlds:
    """The worlds of one comparison.

    :param rest: the engine.
    :param database: its PostgreSQL. The engine keeps no variable in memory between two requests.
    :param prepare: called for each new world.
    """

    rest: Rest
    database: sa.Engine
    prepare: Callable[[EngineWorld], None] = lambda world: None
    _kept: list[EngineWorld] = field(default_factory=list)

    @contextmanager
    def take(self, count: int, *, new: bool) -> Iterator[Sequence[EngineWorld]]:
        """Yield empty worlds. They are kept for the next call, unless a test fails in them.

        :param new: whether the worlds must be new.
        """
        taken = [self._kept.pop() if self._kept and not new else self._new() for _ in range(count)]
        yield taken
        for world in taken:
            self._empty(world)
            self._kept.append(world)

    def held(self, world: EngineWorld) -> Held:
        """Return the variables of a world, without those that the engine itself sets between the scopes."""
        names = {identifier: name for name, identifier in world.ids.items()}
        return frozenset((names[row.var_scope_], row.name_) for row in self._rows(world))

    def _new(self) -> EngineWorld:
        world = self.rest.make_world()
        self.prepare(world)
        return world

    def _empty(self, world: EngineWorld) -> None:
        if not (rows := self._rows(world)):
            return
        with self.database.begin() as connection:
            connection.execute(_EMPTY, _scopes(world))
            connection.execute(_DROP, {"contents": [row.bytearray_id_ for row in rows if row.bytearray_id_]})
        assert not self._rows(world)

    def _rows(self, world: EngineWorld) -> Sequence[sa.Row[tuple[str, str, str | None]]]:
        with self.database.connect() as connection:
            return connection.execute(_HELD, _scopes(world)).all()


def _scopes(world: EngineWorld) -> Mapping[str, object]:
    return {"scopes": list(world.ids.values())}
