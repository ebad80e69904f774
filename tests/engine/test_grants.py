"""The account that reads a live engine's database needs only SELECT on five tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from flask_taskvars import Forbidden
from flask_taskvars.storage.camunda import CamundaAuthorizer, CamundaStorage
from flask_taskvars.values import Content
from tests.engine.rest import Rest

pytestmark = [pytest.mark.engine, pytest.mark.tools]

PAGE = Path(__file__).parents[2] / "docs" / "live-engine.md"
LARGE = bytes(range(256)) * 4096


def statements() -> list[str]:
    """Return the page's statements: create an account, grant what the storage needs, and what the authorizer needs."""
    [block] = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for line in block.splitlines() if line]


@pytest.fixture
def reader(engine_url: str) -> Iterator[sa.Engine]:
    """The account, with the grants for the storage only."""
    make, read, _ = statements()
    owner = sa.create_engine(engine_url)
    with owner.begin() as connection:
        connection.execute(sa.text(make))
        connection.execute(sa.text(read))
    account = sa.create_engine(sa.make_url(engine_url).set(username="taskvars"))
    yield account
    account.dispose()
    with owner.begin() as connection:
        connection.execute(sa.text("DROP OWNED BY taskvars"))
        connection.execute(sa.text("DROP ROLE taskvars"))
    owner.dispose()


def test_the_account_reads_everything_that_is_needed(reader: sa.Engine, rest: Rest) -> None:
    task = rest.create_task()
    rest.call("PUT", f"/task/{task}/variables/note", {"value": "text"})
    form = b"\r\n".join([b"--b", b'Content-Disposition: form-data; name="data"', b"", LARGE, b"--b--", b""])
    content_type = {"Content-Type": "multipart/form-data; boundary=b"}
    assert rest.send("POST", f"/task/{task}/variables/large/data", content_type, form).status == 204
    storage = CamundaStorage(reader)
    assert sorted(storage.get_all(task)) == ["large", "note"]
    content = getattr(storage.get(task, "large").value, "content", None)
    assert isinstance(content, Content)
    assert b"".join(content.open_at(0)) == LARGE


def test_the_authorizer_needs_two_more_tables(reader: sa.Engine, rest: Rest, engine_url: str) -> None:
    storage, task = CamundaStorage(reader), rest.create_task()
    may = CamundaAuthorizer(storage, user=lambda: "bob")
    with pytest.raises(ProgrammingError, match="permission denied"):
        may("read", task, "v")
    owner = sa.create_engine(engine_url)
    with owner.begin() as connection:
        connection.execute(sa.text(statements()[2]))
    owner.dispose()
    with pytest.raises(Forbidden):
        may("read", task, "v")


def test_the_account_can_do_nothing_else(reader: sa.Engine, rest: Rest) -> None:
    with reader.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(sa.text("SELECT 1 FROM act_id_user"))
    with reader.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(sa.text("DELETE FROM act_ru_variable"))
