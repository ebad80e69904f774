"""The table of test_tus_protocol.py: each row has a test and the sentences of tus 1.0.0 that it checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.support.storage_examples import pattern
from tests.support.tus import Tus

Behaviour: TypeAlias = Callable[[Tus], None]
DATA = pattern(700_001)
ROWS: dict[Behaviour, tuple[str, ...]] = {}


def row(*sentences: str) -> Callable[[Behaviour], Behaviour]:
    """Enter a test in the table, with the sentences that it checks."""

    def enter(behaviour: Behaviour) -> Behaviour:
        ROWS[behaviour] = sentences
        return behaviour

    return enter
