"""The table of test_tus_protocol.py: behaviours, each with the sentences of tus 1.0.0 that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.support.storage_examples import pattern
from tests.support.tus import Tus

Behaviour: TypeAlias = Callable[[Tus], None]
DATA = pattern(700_001)
ROWS: dict[Behaviour, tuple[str, ...]] = {}


def row(*sentences: str) -> Callable[[Behaviour], Behaviour]:
    """Enter a behaviour in the table, with the sentences that ask for it."""

    def enter(behaviour: Behaviour) -> Behaviour:
        ROWS[behaviour] = sentences
        return behaviour

    return enter
