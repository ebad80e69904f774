"""The example app: the contract's own example, real files, and the desk's pages."""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from example_app import create_app
from example_app.extensions import db, storage
from example_app.models import Claim, Task
from example_app.seed import Noise, seed
from flask_taskvars import Bytes, File
from tests.support.demo import adas_desk

SIZE = 1_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """Ada's client for a desk with a small recording."""
    with adas_desk(tmp_path, SIZE) as client:
        yield client


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


def test_the_pdf_is_valid(client: FlaskClient) -> None:
    pdf = data(client, "aTaskId", "policy")
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    start = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    assert pdf[start : start + 4] == b"xref"


def test_the_png_is_valid(client: FlaskClient) -> None:
    png = data(client, "aTaskId", "photo")
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
    assert data(client, "aTaskId", "policy").startswith(b"%PDF")
    assert client.get("/task/aTaskId/localVariables/policy/data").status_code == 404
    assert client.get("/task/claim-17/variables/policy/data").status_code == 403, "a claim is no user's task"
    page = client.get("/tasks/aTaskId").text
    assert "Hides the claim&#39;s: <s>150</s>" in page.replace("claim's", "claim&#39;s")
    with client.application.app_context():
        storage.set("aTaskId", "policy", File(b"new", filename="new.pdf", mimetype="application/pdf"))
        storage.set("aTaskId", "photo", Bytes(None))
    page = client.get("/tasks/aTaskId").text
    assert "<s>policy.pdf</s>" in page
    assert '<td class="size">0 bytes</td>' in page


def test_seeding_twice_changes_nothing(client: FlaskClient) -> None:
    paths = [f"/task/{path}/data" for path in ("aTaskId/variables/aVarName", "pay-out/variables/recording")]
    before = [client.head(path).headers["ETag"] for path in paths]
    with client.application.app_context():
        seed()
        counted = [db.session.scalar(db.select(db.func.count()).select_from(model)) for model in (Claim, Task)]
    assert counted == [2, 4]
    assert [client.head(path).headers["ETag"] for path in paths] == before


class Page(HTMLParser):
    """The links of a page, and its elements."""

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
        self.links += [link for name in ("href", "src") if (link := named.get(name))]


def test_every_link_of_every_page_works(client: FlaskClient) -> None:
    seen, waiting = set(), ["/", "/login"]
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
        places = {urlsplit(urljoin(f"http://here{path}", link)).netloc for link in page.links}
        assert places == {"here"}, "the page loads something from another site"
        links = {re.split("[?#]", link)[0] or path for link in page.links}
        waiting += [link for link in links if link not in seen]
    downloads = {path for path in seen if path.startswith("/task/")}
    assert len(downloads) == 6
    names = (
        "desk.css",
        "icon.svg",
        "js/desk.js",
        "lucide/icons.css",
        "pico/pico.jade.min.css",
        "preview.css",
        "side.css",
    )
    static = {f"/static/{file}" for file in names}
    assert {"/", "/login", "/tasks/aTaskId", "/tasks/pay-out"} | static == seen - downloads


@pytest.mark.parametrize("path", ["/nope", "/tasks/nope", "/static/nope.css", "/task"])
def test_the_desks_own_errors_stay_html(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<h1>Not found</h1>" in answer.text


@pytest.mark.parametrize("path", ["/task/nope/variables/a/data", "/task/aTaskId/variables/nope/data", "/task/nope"])
def test_errors_of_the_mount_are_json(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/json")


def test_keys_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TASKVARS_URL_PREFIX", '"/engine-rest"')
    monkeypatch.setenv("FLASK_RECORDING_SIZE", "17")
    app = create_app(RECORDING_SIZE=18)
    assert (app.config["RECORDING_SIZE"], app.config["TASKVARS_URL_PREFIX"]) == (18, "/engine-rest")
    assert app.config["SQLALCHEMY_DATABASE_URI"] == "sqlite:///claims.db"
    assert Path(app.instance_path) == Path(__file__).parents[2] / "instance"


def test_the_desk_of_an_empty_database(tmp_path: Path) -> None:
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", TESTING=True)
    with app.app_context():
        db.create_all()
        assert "You have no tasks" in app.test_client().get("/", auth=("ada", "ada")).text
        db.session.remove()
        db.engine.dispose()


def test_the_shipped_files_are_the_served_ones(client: FlaskClient) -> None:
    files = Path(__file__).parents[2] / "example_app" / "files"
    for name, file in (("policy", "policy.pdf"), ("photo", "ceiling.png")):
        answer = client.head(f"/task/aTaskId/variables/{name}/data")
        digest = b64encode(hashlib.sha256((files / file).read_bytes()).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
