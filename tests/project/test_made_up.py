"""Made-up values are the same in each run: with and without CI, whatever modules are loaded and whatever is in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COLLECT = """
import tests.conftest
from hypothesis import given, strategies

made = []
given(value=strategies.binary())(lambda value: made.append(value))()
print(made)
"""
LITERALS = "\n".join(f"X{number} = b'{number}'" for number in range(300))
"""A module whose literals hypothesis would try, too."""


def made_up(before: str = "", **environment: str) -> str:
    """What a fresh Python makes up in our tests."""
    inherited = {key: value for key, value in os.environ.items() if key != "CI"}
    started = [sys.executable, "-c", before + COLLECT]
    return subprocess.run(started, env=inherited | environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_the_same_values_in_each_run(tmp_path: Path) -> None:
    (tmp_path / "literals.py").write_text(LITERALS)
    assert made_up() == made_up(f"import sys; sys.path.append({str(tmp_path)!r}); import literals", CI="true")
