"""Generated values are the same in each run, with and without CI, whatever literals the loaded modules have."""

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
"""A module with literals that hypothesis would use."""


def made_up(before: str = "", **environment: str) -> str:
    """Return the values that hypothesis generates for our tests in a new process."""
    inherited = {key: value for key, value in os.environ.items() if key != "CI"}
    started = [sys.executable, "-c", before + COLLECT]
    return subprocess.run(started, env=inherited | environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_the_same_values_in_each_run(tmp_path: Path) -> None:
    (tmp_path / "literals.py").write_text(LITERALS)
    assert made_up() == made_up(f"import sys; sys.path.append({str(tmp_path)!r}); import literals", CI="true")
