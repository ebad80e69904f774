"""The tests that every storage passes. A test class inherits :class:`StorageContract` and has a fixture `storage`."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import ContentVanished, InvalidRequest, TaskNotFound, VariableNotFound
from flask_taskvars.values import BLOCK, Content, TypedValue, Variable
from tests.contract.golden.world import Storage
from tests.support.naming_contract import NamingContract
from tests.support.storage_examples import (
    DATA,
    PLAIN,
    REFUSED,
    SIZES,
    SOURCES,
    VALUES,
    Breaking,
    Dribble,
    offsets,
    pattern,
)


def content_of(variable: Variable) -> Content:
    content = getattr(variable.value, "content", None)
    assert isinstance(content, Content)
    return content


def read(variable: Variable, offset: int = 0) -> bytes:
    return b"".join(content_of(variable).open_at(offset))


class OwnBytes(Bytes):
    """An app's own kind of Bytes."""


class OwnFile(File):
    """An app's own kind of File, with a constructor like that of the original."""


class StorageContract(NamingContract):
    """Tests of one storage with the scopes `claim` > `stage` > `task`, and a second task `other` in the claim."""

    def test_finds_the_nearest_variable_whatever_its_type(self, storage: Storage) -> None:
        storage.set("claim", "v", File(b"claim", filename="claim.txt"))
        storage.set("stage", "v", "stage")
        storage.set("task", "v", Bytes(b"task"))
        assert read(storage.get("task", "v")) == b"task"
        assert storage.get("task", "v").scope == "task"
        storage.update("task", delete=["v"])
        assert storage.get("task", "v") == Variable("v", "stage", Value("String", "stage"))
        storage.update("task", delete=["v"])
        assert read(storage.get("task", "v")) == b"claim"
        assert storage.get_all("task")["v"].scope == "claim"

    def test_sees_no_variables_of_inner_scopes_and_other_tasks(self, storage: Storage) -> None:
        storage.set("task", "mine", 1)
        storage.set("stage", "staged", 2)
        storage.set("claim", "shared", 3)
        assert {name: variable.scope for name, variable in storage.get_all("task").items()} == {
            "mine": "task",
            "staged": "stage",
            "shared": "claim",
        }
        assert set(storage.get_all("other")) == {"shared"}
        assert set(storage.get_all("task", local=True)) == {"mine"}
        assert storage.get("task", "mine", local=True).value == Value("Integer", 1)
        with pytest.raises(VariableNotFound):
            storage.get("task", "shared", local=True)

    @pytest.mark.parametrize("local", [False, True])
    @pytest.mark.parametrize("task", ["unknown", "claim", "", "task ", "TASK", *REFUSED])
    def test_tells_a_missing_task_from_a_missing_variable(self, storage: Storage, task: str, local: bool) -> None:
        storage.set("claim", "v", 1)
        for name in ("v", "absent", *REFUSED):
            with pytest.raises(TaskNotFound):
                storage.get(task, name, local=local)
        with pytest.raises(TaskNotFound):
            storage.get_all(task, local=local)
        with pytest.raises(TaskNotFound):
            storage.update(task, put={"v": Value("Null")}, delete=["w"], local=local)
        with pytest.raises(VariableNotFound):
            storage.get("task", "absent", local=local)
        assert storage.get("task", "v").value == Value("Integer", 1)

    @pytest.mark.parametrize("name", VALUES)
    def test_keeps_values_as_they_are(self, storage: Storage, name: str) -> None:
        storage.update("task", put={"v": VALUES[name]})
        assert storage.get("task", "v") == Variable("v", "claim", VALUES[name])
        assert storage.get_all("task") == {"v": Variable("v", "claim", VALUES[name])}

    @pytest.mark.parametrize(("value", "typed"), PLAIN)
    def test_types_plain_values(self, storage: Storage, value: object, typed: TypedValue) -> None:
        storage.set("task", "v", value)
        assert storage.get("task", "v").value == typed

    @pytest.mark.parametrize(
        ("value", "stored"),
        [
            (OwnBytes(b"own"), Bytes(b"own")),
            (
                OwnFile(b"own", filename="a.txt", mimetype="text/plain"),
                File(b"", filename="a.txt", mimetype="text/plain"),
            ),
        ],
    )
    def test_stores_a_subclass_as_its_base(self, storage: Storage, value: Bytes | File, stored: Bytes | File) -> None:
        storage.set("claim", "set", value)
        storage.update("task", put={"put": value})
        for name in ("set", "put"):
            found = storage.get("task", name)
            assert read(found) == b"own"
            assert type(found.value) is type(stored)
            assert not isinstance(stored, File) or replace(found.value, content=b"") == stored

    def test_copies_given_values(self, storage: Storage) -> None:
        given: dict[str, Any] = {"a": [1]}
        storage.set("task", "v", Value("Object", given, {"b": [2]}))
        given["a"].append(2)
        found = storage.get("task", "v").value
        assert found == Value("Object", {"a": [1]}, {"b": [2]})

    @pytest.mark.parametrize("size", SIZES)
    def test_reads_contents_from_any_offset(self, storage: Storage, size: int) -> None:
        data = pattern(size)
        storage.set("claim", "v", Bytes(data))
        for variable in (storage.get("task", "v"), storage.get_all("task")["v"]):
            content = content_of(variable)
            assert content.size == size
            assert content.sha256 in (None, hashlib.sha256(data).digest())
            for offset in offsets(size):
                blocks = list(content.open_at(offset))
                assert b"".join(blocks) == data[offset:]
                assert all(0 < len(block) <= BLOCK for block in blocks)

    @pytest.mark.parametrize("source", SOURCES)
    @pytest.mark.parametrize("size", [0, 1000, len(DATA)])
    def test_takes_bytes_from_any_source(self, storage: Storage, source: str, size: int, tmp_path: Path) -> None:
        storage.set("task", "v", File(SOURCES[source](DATA[:size], tmp_path), filename="f.bin", mimetype="a/b"))
        found = storage.get("task", "v")
        assert read(found) == DATA[:size]
        assert found.value == File(content_of(found), filename="f.bin", mimetype="a/b")

    def test_copies_a_content_of_its_own(self, storage: Storage) -> None:
        storage.set("task", "v", DATA)
        storage.set("task", "w", Bytes(content_of(storage.get("task", "v"))))
        storage.update("task", delete=["v"])
        assert read(storage.get("task", "w")) == DATA

    def test_refuses_text(self, storage: Storage) -> None:
        sources: list[Any] = [io.StringIO("text"), io.StringIO("x" * BLOCK), "text", 5]
        for source in sources:
            with pytest.raises(TypeError):
                storage.set("task", "v", File(source, filename="f"))
        assert storage.get_all("task") == {}

    def test_gives_contents_tags_and_dates(self, storage: Storage) -> None:
        before, etags, moments = datetime.now(UTC).replace(microsecond=0), [], []
        for data in (b"one", b"two", b"one", DATA, DATA[:-1], None, b"one"):
            storage.set("task", "v", Bytes(data))
            if data is not None:
                content = content_of(storage.get("task", "v"))
                assert content.sha256 is not None
                assert content.modified is not None
                etags.append(content.etag)
                moments.append(content.modified)
        assert etags[0] == etags[2] == etags[5]
        assert len(set(etags)) == 4
        assert all(etag.isascii() and etag.isprintable() and '"' not in etag for etag in etags)
        assert all(later > earlier for earlier, later in pairwise(moments[:5]))
        assert all(one.utcoffset() == timedelta(0) and one >= before and one.microsecond == 0 for one in moments)

    @pytest.mark.parametrize("size", [1000, 6 * BLOCK])
    def test_never_mixes_old_and_new_bytes(self, storage: Storage, size: int) -> None:
        old, new = pattern(size), bytes(size)
        storage.set("task", "v", old)
        content = content_of(storage.get("task", "v"))
        reader = content.open_at(0)
        seen = [next(reader)]
        storage.set("task", "v", new)
        try:
            seen += reader
        except ContentVanished:
            seen = [old]
        assert b"".join(seen) == old

    def test_changes_a_variable_in_its_own_scope(self, storage: Storage) -> None:
        storage.set("stage", "v", 1)
        storage.update("task", put={"v": Value("Integer", 2), "new": Bytes(DATA)})
        storage.update("task", put={"own": Value("Integer", 3), "v": Value("Integer", 4)}, local=True)
        assert storage.get("other", "new").scope == "claim"
        assert storage.get("task", "v") == Variable("v", "task", Value("Integer", 4))
        storage.update("task", delete=["v"])
        assert storage.get("task", "v") == Variable("v", "stage", Value("Integer", 2))
        assert set(storage.get_all("task", local=True)) == {"own"}

    def test_deletes_the_nearest(self, storage: Storage) -> None:
        for scope in ("claim", "task"):
            storage.set(scope, "v", scope)
        storage.update("task", delete=["v", "absent", *REFUSED])
        storage.update("task", delete=["v"], local=True)
        assert storage.get("task", "v").scope == "claim"
        storage.update("task", delete=["v"])
        assert storage.get_all("other") == {}

    @pytest.mark.parametrize("scope", [None, "claim", "task"])
    def test_a_deletion_wins_over_a_change_in_one_update(self, storage: Storage, scope: str | None) -> None:
        if scope:
            storage.set(scope, "v", 1)
        storage.update("task", put={"v": Bytes(DATA), "w": Value("Null")}, delete=["v"])
        assert set(storage.get_all("task")) == {"w"}

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("w", Bytes(Breaking(0)), ConnectionResetError),
            ("w", Bytes(Breaking(40)), ConnectionResetError),
            ("w", Value("Object", object()), TypeError),
            *((name, Value("Null"), InvalidRequest) for name in REFUSED),
        ],
        ids=lambda value: ascii(value)[:20],
    )
    def test_updates_all_or_nothing(
        self, storage: Storage, name: str, value: TypedValue, error: type[Exception]
    ) -> None:
        storage.set("task", "v", 1)
        with pytest.raises(error):
            storage.update("task", put={"new": Bytes(DATA), "v": Value("Null"), name: value}, delete=["v"])
        assert {name: variable.value for name, variable in storage.get_all("task").items()} == {
            "v": Value("Integer", 1)
        }

    def test_asks_the_guard_before_it_changes_anything(self, storage: Storage) -> None:
        storage.set("claim", "v", 1)
        storage.set("task", "v", 2)
        storage.set("task", "unnamed", 3)
        seen: list[Mapping[str, Variable]] = []
        for local in (False, True):
            storage.update("task", put={"new": Value("Null")}, delete=["v", "\0"], local=local, guard=seen.append)
        assert seen[0] == {"v": Variable("v", "task", Value("Integer", 2))}
        assert seen[1] == {}

        def refuse(found: Mapping[str, Variable]) -> None:
            raise InvalidRequest("no")

        with pytest.raises(InvalidRequest):
            storage.update("task", put={"big": Bytes(DATA)}, delete=["v"], guard=refuse)
        assert set(storage.get_all("task")) == {"v", "new", "unnamed"}

    @pytest.mark.parametrize("size", [0, 1000, len(DATA)])
    def test_stages_a_stream(self, storage: Storage, size: int) -> None:
        with storage.staging(Dribble(DATA[:size])) as source:
            storage.update("task", put={"v": File(source, filename="f")})
        assert read(storage.get("task", "v")) == DATA[:size]
