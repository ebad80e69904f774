"""The example app: the contract's own example, real files, pages of its own."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from example_app import create_app
from example_app.extensions import db, may
from example_app.models import Claim, Task
from example_app.seed import Noise, seed

SIZE = 1_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a desk with a small recording."""
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", RECORDING_SIZE=SIZE, TESTING=True)
    with app.app_context():
        seed()
        yield app.test_client()
        db.session.remove()
        db.engine.dispose()


def data(client: FlaskClient, task: str, name: str) -> bytes:
    answer = client.get(f"/task/{task}/variables/{name}/data")
    assert answer.status_code == 200
    body: bytes = answer.data
    return body


def test_the_contracts_own_example(client: FlaskClient) -> None:
    answer = client.get("/task/aTaskId/variables/aVarName/data")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="someFile.txt"'
    assert "80 €" in answer.data.decode("utf-8")


def test_the_pdf_is_one(client: FlaskClient) -> None:
    pdf = data(client, "aTaskId", "policy")
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    start = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    assert pdf[start : start + 4] == b"xref"


def test_the_png_is_one(client: FlaskClient) -> None:
    png = data(client, "assess-damage", "photo")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    kinds, place = [], 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4])
        chunk, crc = png[place + 4 : place + 8 + length], png[place + 8 + length : place + 12 + length]
        assert zlib.crc32(chunk).to_bytes(4) == crc
        kinds.append(chunk[:4])
        place += 12 + length
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")


def test_the_letter_is_in_its_own_charset(client: FlaskClient) -> None:
    answer = client.get("/task/aTaskId/variables/letter/data")
    assert answer.headers["Content-Type"] == "text/plain; charset=ISO-8859-1"
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt" in answer.headers["Content-Disposition"]
    assert answer.data.decode("iso-8859-1").startswith("Schöne Grüße")
    with pytest.raises(UnicodeDecodeError):
        answer.data.decode("utf-8")


def test_the_recording_is_the_same_everywhere(client: FlaskClient) -> None:
    recording = data(client, "pay-out", "recording")
    pieces: list[int] = []
    noise = Noise(SIZE, pieces.append)
    assert b"".join(iter(lambda: noise.read(4096), b"")) == recording
    assert sum(pieces) == SIZE
    assert hashlib.sha256(recording).hexdigest() == "7ec421605d61105cbbb87e725c91850be481b06555b9c8374b08bc1ee468ef7a"


def test_two_levels_of_scope(client: FlaskClient) -> None:
    for task in ("aTaskId", "assess-damage"):
        assert data(client, task, "policy").startswith(b"%PDF")
        assert client.get(f"/task/{task}/localVariables/policy/data").status_code == 404
    assert client.get("/task/claim-17/variables/policy/data").status_code == 404, "a claim is no task"
    amounts = ["<td>1250</td>" in client.get(f"/tasks/{task}").text for task in ("aTaskId", "assess-damage")]
    assert amounts == [True, False], "the task's own amount hides the claim's"


def test_seeding_twice_changes_nothing(client: FlaskClient) -> None:
    paths = [f"/task/{path}/data" for path in ("aTaskId/variables/aVarName", "pay-out/variables/recording")]
    before = [dict(client.head(path).headers) for path in paths]
    seed()
    assert [dict(client.head(path).headers) for path in paths] == before
    counted = [db.session.scalar(db.select(db.func.count()).select_from(model)) for model in (Claim, Task)]
    assert counted == [2, 3]


class Page(HTMLParser):
    """What a page refers to, and how it is built."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.lang: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.lang = named.get("lang") or self.lang
        self.links += [link for name in ("href", "src", "action") if (link := named.get(name))]


def test_every_link_of_every_page_leads_somewhere(client: FlaskClient) -> None:
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        with client.get(path) as answer:
            assert answer.status_code == 200, path
            if answer.mimetype != "text/html":
                continue
            page = Page(answer.get_data(as_text=True))
        assert page.lang == "en"
        assert (page.tags.count("title"), page.tags.count("h1"), page.tags.count("main")) == (1, 1, 1)
        links = [link for link in page.links if not link.startswith("data:")]
        assert all(link.startswith("/") and not link.startswith("//") for link in links), "nothing from elsewhere"
        waiting += [link for link in links if link not in seen]
    downloads = {path for path in seen if path.startswith("/task/")}
    assert len(downloads) == 7
    assert {"/", "/tasks/aTaskId", "/tasks/assess-damage", "/tasks/pay-out", "/static/desk.css"} == seen - downloads


@pytest.mark.parametrize("path", ["/nope", "/tasks/nope", "/static/nope.css", "/task"])
def test_the_desks_own_errors_stay_html(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>Not found</h1>" in answer.text


@pytest.mark.parametrize("path", ["/task/nope/variables/a/data", "/task/aTaskId/variables/nope/data", "/task/nope"])
def test_errors_of_the_mount_are_json(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/json")


def test_everybody_may_read_and_nobody_write(client: FlaskClient) -> None:
    assert [action for action in ("read", "write", "delete") if may(action, "aTaskId", "aVarName")] == ["read"]
    assert client.delete("/task/aTaskId/variables/aVarName").status_code == 403
    assert data(client, "aTaskId", "aVarName")


def test_keys_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TASKVARS_URL_PREFIX", '"/engine-rest"')
    monkeypatch.setenv("FLASK_RECORDING_SIZE", "17")
    app = create_app(RECORDING_SIZE=18)
    assert (app.config["RECORDING_SIZE"], app.config["TASKVARS_URL_PREFIX"]) == (18, "/engine-rest")
    assert app.config["SQLALCHEMY_DATABASE_URI"] == "sqlite:///desk.db"
    assert Path(app.instance_path) == Path(__file__).parent.parent / "instance"


def test_the_desk_of_an_empty_database(tmp_path: Path) -> None:
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", TESTING=True)
    with app.app_context():
        db.create_all()
        assert "There are no claims" in app.test_client().get("/").text
        db.engine.dispose()


def test_the_shipped_files_are_the_served_ones(client: FlaskClient) -> None:
    files = Path(__file__).parent.parent / "example_app" / "files"
    for task, name, file in (("aTaskId", "policy", "policy.pdf"), ("assess-damage", "photo", "ceiling.png")):
        answer = client.head(f"/task/{task}/variables/{name}/data")
        digest = b64encode(hashlib.sha256((files / file).read_bytes()).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
