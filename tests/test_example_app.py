"""The example app: the contract's own example, real files, pages and users of its own."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from example_app import create_app
from example_app.access import USERS
from example_app.extensions import db, storage
from example_app.models import Claim, Task
from example_app.seed import Noise, seed
from flask_taskvars import Bytes, File
from tests.demo import authorization

SIZE = 1_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """Ada's client of a desk with a small recording."""
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", RECORDING_SIZE=SIZE, TESTING=True)
    with app.app_context():
        seed()
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = authorization("ada")
    yield client  # outside of a context, in which requests would share their user
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def stranger(client: FlaskClient) -> FlaskClient:
    """A client that nobody has logged in with."""
    return client.application.test_client()


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
    assert client.get("/task/claim-17/variables/policy/data").status_code == 403, "a claim is nobody's task"
    page = client.get("/tasks/aTaskId").text
    assert "Hides the claim&#39;s: <s>150</s>" in page.replace("claim's", "claim&#39;s")
    with client.application.app_context():
        storage.set("aTaskId", "policy", File(b"new", filename="new.pdf", mimetype="application/pdf"))
        storage.set("aTaskId", "photo", Bytes(None))
    page = client.get("/tasks/aTaskId").text
    assert "<s>policy.pdf</s>" in page
    assert "<code>photo</code> · 0 Bytes · no type" in page


def test_seeding_twice_changes_nothing(client: FlaskClient) -> None:
    paths = [f"/task/{path}/data" for path in ("aTaskId/variables/aVarName", "pay-out/variables/recording")]
    before = [client.head(path).headers["ETag"] for path in paths]
    with client.application.app_context():
        seed()
        counted = [db.session.scalar(db.select(db.func.count()).select_from(model)) for model in (Claim, Task)]
    assert counted == [2, 4]
    assert [client.head(path).headers["ETag"] for path in paths] == before


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
        self.links += [link for name in ("href", "src") if (link := named.get(name))]


def test_every_link_of_every_page_leads_somewhere(client: FlaskClient) -> None:
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
        assert all(link.startswith("/") and not link.startswith("//") for link in page.links), "nothing from elsewhere"
        waiting += [link for link in page.links if link not in seen]
    downloads = {path for path in seen if path.startswith("/task/")}
    assert len(downloads) == 6
    static = {f"/static/{file}" for file in ("desk.css", "icon.svg", "js/desk.js", "pico/pico.jade.min.css")}
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


@pytest.mark.parametrize("path", ["/", "/tasks/aTaskId", "/tasks/nope"])
def test_strangers_are_sent_to_the_login(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.location) == (302, "/login")


@pytest.mark.parametrize("task", ["aTaskId", "nope"])
def test_strangers_learn_nothing_of_a_mount(stranger: FlaskClient, task: str) -> None:
    for path in (f"/task/{task}/variables", f"/task/{task}/variables/aVarName/data"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert stranger.get("/", auth=("ada", "nope")).status_code == 302
    assert stranger.get("/", auth=("nobody", "nope")).status_code == 302


@pytest.mark.parametrize("form", [{}, {"user": "ada"}, {"user": "ada", "password": "ben"}, {"user": "x"}])
def test_a_wrong_password(stranger: FlaskClient, form: dict[str, str]) -> None:
    answer = stranger.post("/login", data=form)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text


def test_logging_in_and_out(stranger: FlaskClient) -> None:
    answer = stranger.post("/login", data={"user": "ben", "password": "ben"})
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Assess the damage" in stranger.get("/").text
    assert stranger.get("/tasks/aTaskId").status_code == 403
    assert stranger.post("/logout").location == "/login"
    assert stranger.get("/").status_code == 302
    assert all(f"<code>{user.password}</code>" in stranger.get("/login").text for user in USERS.values())


def test_each_may_do_everything_in_their_own_tasks_only(client: FlaskClient) -> None:
    url, ben = "/task/aTaskId/variables/aVarName", {"Authorization": authorization("ben")}
    for method in ("GET", "PUT", "DELETE"):
        refusal = client.open(url, method=method, json={"value": 1}, headers=ben)
        assert (refusal.status_code, refusal.json and refusal.json["userId"]) == (403, "ben")
    assert client.post(f"{url}/data", data={"data": (BytesIO(b"new"), "new.txt")}).status_code == 204
    assert data(client, "aTaskId", "aVarName") == b"new"
    assert client.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 204),
        ({"Origin": "http://localhost"}, 204),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_other_sites_are_refused(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.delete("/task/aTaskId/variables/nope", headers=headers).status_code == status
    assert client.get("/task/aTaskId/variables", headers=headers).status_code == 200
    if status == 403:
        assert client.post("/logout", headers=headers).mimetype == "text/html"


def test_pages_may_load_from_the_desk_only(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    stricter = client.get("/task/aTaskId/variables/aVarName/data").headers
    assert stricter["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_keys_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TASKVARS_URL_PREFIX", '"/engine-rest"')
    monkeypatch.setenv("FLASK_RECORDING_SIZE", "17")
    app = create_app(RECORDING_SIZE=18)
    assert (app.config["RECORDING_SIZE"], app.config["TASKVARS_URL_PREFIX"]) == (18, "/engine-rest")
    assert app.config["SQLALCHEMY_DATABASE_URI"] == "sqlite:///claims.db"
    assert Path(app.instance_path) == Path(__file__).parent.parent / "instance"


def test_the_desk_of_an_empty_database(tmp_path: Path) -> None:
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", TESTING=True)
    with app.app_context():
        db.create_all()
        assert "You have no tasks" in app.test_client().get("/", auth=("ada", "ada")).text
        db.session.remove()
        db.engine.dispose()


def test_the_shipped_files_are_the_served_ones(client: FlaskClient) -> None:
    files = Path(__file__).parent.parent / "example_app" / "files"
    for name, file in (("policy", "policy.pdf"), ("photo", "ceiling.png")):
        answer = client.head(f"/task/aTaskId/variables/{name}/data")
        digest = b64encode(hashlib.sha256((files / file).read_bytes()).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
