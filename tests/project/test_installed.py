"""What the tests install survives several test processes, and one that was killed meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import installed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installed, "CACHE", tmp_path)
    return tmp_path


def install(folder: Path) -> None:
    (folder / "first").touch()
    time.sleep(0.1)
    (folder / "second").touch()


def test_who_asks_meanwhile_waits() -> None:
    calls: list[Path] = []

    def count(folder: Path) -> None:
        calls.append(folder)
        install(folder)

    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(lambda: sorted(installed.installed("tool", count).iterdir())) for _ in range(4)]
        found = [[path.name for path in one.result()] for one in asked]
    assert found == [["first", "second"]] * 4
    assert len(calls) == 1


def test_an_installation_that_is_cut_off_is_none(cache: Path) -> None:
    def cut(folder: Path) -> None:
        (folder / "first").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installed.installed("tool", cut)
    assert not (cache / "tool").exists()
    assert (installed.installed("tool", install) / "second").exists()
