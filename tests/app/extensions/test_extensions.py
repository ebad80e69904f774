"""Other extensions in the same app: a test for each line of docs/extensions.md."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, request
from flask.testing import FlaskClient
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_taskvars import TaskVars, create_blueprint, everybody
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import ScopeMixin, SQLAlchemyStorage
from tests.app.extensions import test_servers
from tests.app.extensions.conftest import DATA, OTHER, TEXT
from tests.support.pages import ROOT, rows

pytestmark = pytest.mark.tools

PAGE = ROOT / "docs" / "extensions.md"


def form(data: bytes) -> dict[str, Any]:
    return {"data": (BytesIO(data), "a.bin"), "valueType": "File"}


def test_every_line_of_the_page_has_a_test() -> None:
    names = (re.sub(r"\]\(.*\)", "", cell).strip("[") for cell, *_ in rows(PAGE.read_text()))
    there = {*globals(), *vars(test_servers)}
    assert [name for name in names if "test_" + re.sub(r"\W+", "_", name).lower() not in there] == []


def test_flask_cors(app: Flask, client: FlaskClient) -> None:
    from flask_cors import CORS

    CORS(app, resources={r"/task/.*": {"origins": [OTHER]}}, expose_headers=["ETag", "Content-Disposition"])
    asked = client.options(DATA, headers={"Origin": OTHER, "Access-Control-Request-Method": "PUT"})
    assert asked.headers["Access-Control-Allow-Origin"] == OTHER
    answer = client.get(DATA, headers={"Origin": OTHER})
    assert answer.data == TEXT
    assert answer.headers["Access-Control-Allow-Origin"] == OTHER
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    change = {"json": {"value": 1}, "headers": {"Origin": OTHER, "Sec-Fetch-Site": "cross-site"}}
    assert client.put("/task/t/variables/v", **change).status_code == 204


def test_csrfprotect_of_flask_wtf(app: Flask, client: FlaskClient) -> None:
    from flask_wtf.csrf import CSRFProtect, generate_csrf

    csrf = CSRFProtect(app)
    app.add_url_rule("/token", view_func=generate_csrf)
    token = {"X-CSRFToken": client.get("/token").text}
    assert client.put("/task/t/variables/v", json={"value": 1}).status_code == 400
    assert client.put("/task/t/variables/v", json={"value": 1}, headers=token).status_code == 204
    with pytest.raises(RuntimeError, match="csrf"):
        client.post("/task/t/variables/v/data", data=form(b"new"), headers=token)
    csrf.exempt(app.blueprints["taskvars"])
    assert client.post("/task/t/variables/v/data", data=form(b"new")).status_code == 204
    assert client.get("/task/t/variables/v/data").data == b"new"
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/task/t/variables/v/data", data=form(b"x"), headers=foreign).status_code == 403


def test_flask_talisman(app: Flask, client: FlaskClient) -> None:
    from flask_talisman import Talisman

    Talisman(app, content_security_policy={"default-src": "'self'"})
    assert client.get(DATA).status_code == 302  # to HTTPS
    answer = client.get(DATA, base_url="https://localhost")
    assert answer.data == TEXT
    policies = answer.headers.getlist("Content-Security-Policy")
    assert sorted(policy.partition(" ")[0] for policy in policies) == ["default-src", "sandbox;"]
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_flask_compress(bare: Flask, storage: MemoryStorage, first: bool, coding: str) -> None:
    from flask_compress import Compress

    if first:
        Compress(bare)
    TaskVars(storage, everybody).init_app(bare)
    if not first:
        Compress(bare)
    bare.add_url_rule("/own", view_func=lambda: Response(TEXT, mimetype="text/plain"))
    client, asked = bare.test_client(), {"Accept-Encoding": coding}
    assert client.get("/own", headers=asked).headers["Content-Encoding"] == coding
    for name, data in (("text", TEXT), ("small", TEXT[:2000])):
        for kept in ("data", ""):
            url = f"/task/t/variables/{name}/{kept}"
            plain = client.get(url)
            for method, extra in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-999"})):
                answer = client.open(url, method=method, headers=asked | extra)
                assert "Content-Encoding" not in answer.headers
                assert answer.headers["ETag"] == plain.headers["ETag"]
            assert kept == "" or answer.data == data[:1000]
            assert client.get(url, headers=asked).data == plain.data
    assert (
        client.get("/task/t/variables", headers=asked).headers["ETag"]
        == client.get("/task/t/variables").headers["ETag"]
    )


def test_flask_caching(app: Flask, client: FlaskClient, storage: MemoryStorage) -> None:
    from flask_caching import Cache

    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    app.add_url_rule("/own", view_func=cache.cached(timeout=60)(lambda: str(len(storage.get_all("t")))))
    for size in (1, 2):
        storage.set("t", "v", b"x" * size)
        assert client.get("/task/t/variables/v/data").content_length == size
        assert client.get("/own").text == "3"


def test_flask_limiter(app: Flask, client: FlaskClient) -> None:
    from flask_limiter import Limiter

    limiter = Limiter(lambda: "everybody", app=app, storage_uri="memory://", headers_enabled=True)
    limited = app.blueprints["taskvars"]
    assert isinstance(limited, Blueprint)
    limiter.limit("2 per hour")(limited)
    app.add_url_rule("/own", view_func=lambda: "free")
    assert [client.get(DATA).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(DATA)
    assert refused.headers["Content-Type"] == "application/json"
    assert refused.json is not None
    assert refused.json["message"] == "HTTP 429 Too Many Requests: 2 per 1 hour"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/own").status_code == 200


def test_flask_login(bare: Flask, storage: MemoryStorage) -> None:
    from flask_login import LoginManager, UserMixin, current_user

    class User(UserMixin):  # type: ignore[misc,unused-ignore]
        id = "ada"

    manager = LoginManager(bare)
    manager.request_loader(lambda request: User() if request.headers.get("X-Key") == "secret" else None)
    TaskVars(storage, lambda action, task_id, name: bool(current_user.is_authenticated)).init_app(bare)
    client = bare.test_client()
    assert client.get(DATA).status_code == 403
    assert client.get(DATA, headers={"X-Key": "secret"}).data == TEXT


def test_flask_principal(bare: Flask, storage: MemoryStorage) -> None:
    from flask_principal import Identity, Permission, Principal, RoleNeed

    principal, clerks = Principal(bare, use_sessions=False), Permission(RoleNeed("clerk"))

    @principal.identity_loader  # type: ignore[untyped-decorator,unused-ignore]
    def load() -> Any:
        identity = Identity("ada")
        identity.provides.update(RoleNeed(role) for role in request.headers.getlist("X-Role"))
        return identity

    TaskVars(storage, lambda action, task_id, name: bool(clerks.can())).init_app(bare)
    client = bare.test_client()
    assert client.get(DATA, headers={"X-Role": "guest"}).status_code == 403
    assert client.get(DATA, headers={"X-Role": "clerk"}).data == TEXT


def test_flask_admin(bare: Flask, tmp_path: Path) -> None:
    from flask_admin import Admin
    from flask_admin.contrib.sqla import ModelView
    from flask_babel import Babel
    from flask_sqlalchemy import SQLAlchemy

    bare.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'host.db'}"
    db = SQLAlchemy(bare)

    class Place(ScopeMixin, db.Model):  # type: ignore[name-defined,misc]
        title: Mapped[str | None] = mapped_column()

    storage = SQLAlchemyStorage(db, scope=Place)
    TaskVars(storage, everybody).init_app(bare)
    Babel(bare)  # Flask-Admin needs this if Flask-Babel is installed
    Admin(bare).add_view(ModelView(Place, db))
    with bare.app_context():
        db.create_all()
        storage.add_scope("task-17")
        storage.set("task-17", "v", b"data")
        assert "task-17" in bare.test_client().get("/admin/place/").text
        assert bare.test_client().get("/task/task-17/variables/v/data").data == b"data"
        db.session.remove()
        db.engine.dispose()


def test_flask_smorest(bare: Flask, storage: MemoryStorage) -> None:
    import flask_smorest

    bare.config.update(API_TITLE="Desk", API_VERSION="1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/own")
    api = flask_smorest.Api(bare)
    api.register_blueprint(create_blueprint(storage, authorize=everybody), url_prefix="/rest")
    client = bare.test_client()
    assert client.get(f"/rest{DATA}").data == TEXT
    assert client.get("/rest/task/nope/variables/v/data").json == {
        "type": "RestException",
        "message": "Cannot get task variable v: task nope doesn't exist: task is null",
        "code": 0,
    }
    ours, own = client.get("/rest/openapi.json").json, client.get("/own/openapi.json").json
    assert ours is not None
    assert own is not None
    assert len(ours["paths"]) > len(own["paths"]) == 0


def test_proxyfix_of_werkzeug(app: Flask, client: FlaskClient) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1, x_host=1, x_proto=1)  # type: ignore[method-assign]
    proxied = {"X-Forwarded-Prefix": "/rest", "X-Forwarded-Host": "desk.example", "X-Forwarded-Proto": "https"}
    described = client.get("/openapi.json", headers=proxied).json
    assert described is not None
    assert described["servers"][0]["url"] == "/rest"
    change = {"headers": proxied | {"Origin": "https://desk.example"}, "json": {"value": 1}}
    assert client.put("/task/t/variables/v", **change).status_code == 204


def test_prometheus_flask_exporter(app: Flask, client: FlaskClient) -> None:
    from prometheus_client import CollectorRegistry
    from prometheus_flask_exporter import PrometheusMetrics

    PrometheusMetrics(app, group_by="endpoint", registry=CollectorRegistry())
    client.get(DATA)
    client.get("/task/t/variables/absent/data")
    counted = client.get("/metrics").text
    for status in (200, 404):
        assert f'flask_http_request_total{{method="GET",status="{status}"}} 1.0' in counted
    assert 'flask_http_request_duration_seconds_count{endpoint="taskvars.variable_data"' in counted


def test_opentelemetry(app: Flask, client: FlaskClient) -> None:
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumented = Flask("traced")
    FlaskInstrumentor().instrument_app(instrumented, tracer_provider=provider)  # type: ignore[no-untyped-call]
    storage = MemoryStorage()
    storage.add_scope("t")
    storage.set("t", "text", TEXT)
    TaskVars(storage, everybody).init_app(instrumented)
    answer = instrumented.test_client().get(DATA)
    [span] = exporter.get_finished_spans()  # the span ends before the bytes are sent
    assert answer.data == TEXT
    assert "<task_id>" in span.name
    assert "/t/" not in span.name


def test_opentelemetry_shows_statements(bare: Flask, tmp_path: Path) -> None:
    """If the host listens to its engine, look-ups run through SQLAlchemy, and the listeners see each of them."""
    from flask_sqlalchemy import SQLAlchemy
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    bare.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'host.db'}"
    db = SQLAlchemy(bare)
    storage = SQLAlchemyStorage(db)
    TaskVars(storage, everybody).init_app(bare)
    with bare.app_context():
        SQLAlchemyInstrumentor().instrument(engine=db.engine, tracer_provider=provider, skip_dep_check=True)
        try:
            storage.create_tables()
            storage.add_scope("t")
            storage.set("t", "text", TEXT)
            exporter.clear()
            assert bare.test_client().get(DATA).data == TEXT
        finally:
            SQLAlchemyInstrumentor().uninstrument()
            db.engine.dispose()
    statements = [str((span.attributes or {}).get("db.statement")) for span in exporter.get_finished_spans()]
    assert sum("taskvars_variable" in statement for statement in statements) == 1
