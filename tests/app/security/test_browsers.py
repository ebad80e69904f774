"""Pages of other sites change nothing, and no page can run a download as a script, style sheet, worker or plug-in."""

from __future__ import annotations

import json

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from flask_talisman import Talisman
from werkzeug.datastructures import Headers
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_taskvars import Bytes, File, TaskVars, everybody
from flask_taskvars.http.hardened import HARDENING
from flask_taskvars.http.origins import may_change, may_load
from flask_taskvars.storage.memory import MemoryStorage

DESK, OTHER, TRUSTED = "https://desk.example", "https://evil.example", "https://portal.example"
SVG, V = "image/svg+xml", "/task/t/variables/"

# Sec-Fetch-Site, Origin, and whether a change of DESK's is allowed.
CHANGES = [
    (None, None, True),  # a program, such as curl
    ("same-origin", DESK, True),
    ("same-origin", None, True),
    ("same-origin", "null", True),  # a page with Referrer-Policy: no-referrer
    ("same-origin", "http://10.0.0.7:8000", True),  # a proxy that changes Host and the scheme
    ("none", None, True),  # typed by the user
    ("cross-site", OTHER, False),
    ("cross-site", None, False),
    ("cross-site", "null", False),  # a sandboxed frame, a local file, or a redirect through a third site
    ("cross-site", DESK, False),  # a redirect from the desk through another site and back
    ("cross-site", TRUSTED, True),
    ("same-site", "https://blog.desk.example", False),
    ("same-site", "https://desk.example:8443", False),
    ("same-site", None, False),
    ("SAME-ORIGIN", OTHER, False),  # no browser sends it in upper case
    ("same-origin, cross-site", OTHER, False),
    ("", None, False),
    ("nonsense", DESK, False),
    # Older browsers send no Sec-Fetch-Site, and no browser sends it without HTTPS.
    (None, DESK, True),
    (None, "https://desk.example:443", True),
    (None, "HTTPS://DESK.EXAMPLE", True),
    (None, TRUSTED, True),
    (None, "https://portal.example:8443", False),
    (None, "http://portal.example", False),
    (None, "http://desk.example", False),  # an attacker in the network can change a page without HTTPS
    (None, "https://desk.example:80", False),
    (None, "https://desk.example.evil.example", False),
    (None, "https://evil.example/https://desk.example", False),
    (None, "https://desk.example@evil.example", False),
    (None, "https://evil.example#https://desk.example", False),
    (None, "https://desk.example, https://evil.example", False),
    (None, "https://desk.example https://evil.example", False),
    (None, "https://desk.example/", False),
    (None, "https://desk.example.", False),
    (None, "//desk.example", False),
    (None, "desk.example", False),
    (None, "null", False),
    (None, "", False),
    (None, "*", False),
    # Malformed values, on which URL parsers fail.
    (None, "http://[", False),
    (None, "http://[::1", False),
    (None, "http://]:80", False),
    (None, "https://desk.example:", False),
    (None, "https://desk.example:99999999", False),
    (None, "https://desk.example:٤٤٣", False),
    (None, "https://desk.example\n", False),
    (None, "https://d\u212a.example", False),
    (None, "\xff\xfe", False),
    (None, "h" * 100_000, False),
]


@pytest.mark.parametrize(("site", "origin", "allowed"), CHANGES)
def test_which_senders_may_change_variables(site: str | None, origin: str | None, allowed: bool) -> None:
    assert may_change(site, origin, DESK, {TRUSTED}) is allowed


@pytest.mark.parametrize("own", ["http://", "https://a b", "https://desk.example:x", "https://[::1"])
def test_a_malformed_host_matches_no_origin(own: str) -> None:
    assert not may_change(None, "null", own, ())
    assert not may_change(None, own, own, ())


RUN = [
    *("script", "style", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet", "manifest"),
    *("xslt", "json", "text", "report", "webidentity", "dictionary", "speculationrules", "", "Image", "a, image"),
]
SHOWN = ["document", "iframe", "frame", "fencedframe", "empty", "image", "audio", "video", "track", "font"]


@pytest.mark.parametrize("destination", [*RUN, *SHOWN, "object", "embed"])
@pytest.mark.parametrize("embed", [True, False])
def test_which_elements_of_a_page_may_load_a_download(destination: str, embed: bool) -> None:
    assert may_load(destination, embed=embed) is (
        destination in SHOWN or (embed and destination in ("object", "embed"))
    )


@pytest.fixture
def host() -> Flask:
    app = Flask("host")
    storage = MemoryStorage()
    storage.add_scope("t")
    storage.set("t", "svg", File(b"<svg/>", filename="a.svg", mimetype=SVG))
    storage.set("t", "js", File(b"alert(1)", filename="a.js", mimetype="text/javascript"))
    storage.set("t", "raw", Bytes(b"raw"))
    taskvars = TaskVars(storage, everybody, trusted_origins=[TRUSTED], inline_types=[SVG])
    taskvars.init_app(app)
    return app


@pytest.fixture
def client(host: Flask) -> FlaskClient:
    return host.test_client()


FORM = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nnew\r\n--b--\r\n'
WRITES = [
    ("PUT", f"{V}new", b'{"value": 1}', "application/json"),
    ("POST", f"{V}new/data", FORM, "multipart/form-data; boundary=b"),
    ("POST", "/task/t/variables", b'{"modifications": {"new": {"value": 1}}}', "application/json"),
    ("DELETE", f"{V}svg", b"", None),
    ("DELETE", "/engine/default/task/t/localVariables/svg", b"", None),
    ("PATCH", f"{V}svg", b"", None),
]


@pytest.mark.parametrize(("method", "path", "body", "kind"), WRITES)
def test_another_site_changes_nothing(client: FlaskClient, method: str, path: str, body: bytes, kind: str) -> None:
    for headers in ({"Origin": OTHER}, {"Origin": "http://["}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.open(path, method=method, data=body, content_type=kind, headers=headers)
        assert (answer.status_code, answer.content_type) == (403, "application/json")
        assert answer.get_json()["type"] == "ForbiddenException"
    assert set(client.get("/task/t/variables").json or ()) == {"svg", "js", "raw"}
    expected = 405 if method == "PATCH" else 204
    for origin in (TRUSTED, "http://localhost"):
        answer = client.open(path, method=method, data=body, content_type=kind, headers={"Origin": origin})
        assert answer.status_code == expected


def test_another_site_is_refused_before_the_hook_and_the_body() -> None:
    seen: list[object] = []
    app = Flask("host")

    class Body:
        def read(self, size: int = -1) -> bytes:
            seen.append("read")
            return b""

    def asked(action: str, task_id: str, name: str | None) -> bool:
        seen.append(action)
        return True

    TaskVars(MemoryStorage(), asked).init_app(app)
    answer = app.test_client().put(
        f"{V}new", headers={"Origin": OTHER}, environ_overrides={"wsgi.input": Body(), "CONTENT_LENGTH": "5"}
    )
    assert (answer.status_code, seen) == (403, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_another_site_may_send_reading_requests(client: FlaskClient, method: str) -> None:
    headers = {"Origin": OTHER, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}
    assert client.open(f"{V}svg/data", method=method, headers=headers).status_code == 200


def test_behind_a_proxy_the_origin_is_that_of_the_proxy(host: Flask) -> None:
    host.wsgi_app = ProxyFix(host.wsgi_app, x_proto=1, x_host=1)  # type: ignore[method-assign]
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.example"}
    for origin, status in ((DESK, 204), ("http://localhost", 403), ("http://desk.example", 403)):
        answer = host.test_client().delete(f"{V}new", headers={"Origin": origin} | forwarded)
        assert answer.status_code == status


@pytest.mark.parametrize("name", ["svg", "js", "raw"])
@pytest.mark.parametrize("destination", ["script", "object", "embed", "image", "document"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_downloads_for_a_page(client: FlaskClient, method: str, name: str, destination: str) -> None:
    inline = name == "svg" and destination != "script"
    expected = 200 if inline or destination in ("image", "document") else 403
    tag = client.get(f"{V}{name}/data").headers["ETag"]
    for more, status in (({}, expected), ({"If-None-Match": tag}, 304 if expected == 200 else 403)):
        answer = client.open(f"{V}{name}/data", method=method, headers={"Sec-Fetch-Dest": destination, **more})
        assert answer.status_code == status
        if status != 403:
            assert answer.headers["Vary"] == "Sec-Fetch-Dest"


@pytest.mark.parametrize("path", [f"{V}js", "/task/t/variables", "/openapi.json"])
def test_documents_for_a_page(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Sec-Fetch-Dest": "script"}).status_code == 403
    assert client.get(path, headers={"Sec-Fetch-Dest": "empty"}).status_code == 200


def talisman(app: Flask) -> None:
    Talisman(app, force_https=False, content_security_policy={"default-src": "'self'", "script-src": "'self'"})


def replacing(app: Flask) -> None:
    @app.after_request
    def replace(response: Response) -> Response:
        response.headers = Headers({"Referrer-Policy": "no-referrer"})
        return response


def weakening(app: Flask) -> None:
    @app.after_request
    def weaken(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = ""
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Referrer-Policy"] = "no-referrer"
        del response.headers["Content-Security-Policy"]
        return response


@pytest.fixture(params=[talisman, replacing, weakening])
def unaware(request: pytest.FixtureRequest, host: Flask) -> FlaskClient:
    """A client of a host that sets its own headers on all responses."""
    request.param(host)
    return host.test_client()


REQUESTS: list[tuple[str, dict[str, str], int]] = [
    ("GET", {}, 200),
    ("GET", {"Range": "bytes=0-1"}, 206),
    ("GET", {"Range": "bytes=0-0,3-3"}, 206),
    ("GET", {"If-None-Match": "*"}, 304),
    ("HEAD", {}, 200),
]


@pytest.mark.parametrize(("method", "headers", "status"), REQUESTS)
def test_the_hosts_headers_do_not_replace_the_hardening(
    unaware: FlaskClient, method: str, headers: dict[str, str], status: int
) -> None:
    answer = unaware.open(f"{V}svg/data", method=method, headers=headers)
    assert answer.status_code == status
    for name, value in HARDENING.items():
        assert value in answer.headers.getlist(name), "a second policy only adds to the first"
        assert len(answer.headers.getlist(name)) == 1 or name == "Content-Security-Policy"
    assert "Sec-Fetch-Dest" in ", ".join(answer.headers.getlist("Vary"))
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "strict-origin-when-cross-origin")


def test_a_policy_of_the_hosts_is_kept_beside_ours(host: Flask) -> None:
    talisman(host)
    answer = host.test_client().get(f"{V}svg/data")
    theirs, ours = answer.headers.getlist("Content-Security-Policy")
    assert (theirs, ours) == ("default-src 'self'; script-src 'self'", HARDENING["Content-Security-Policy"])
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_class_of_the_hosts_is_kept(host: Flask) -> None:
    class Stamped(Response):
        def get_wsgi_headers(self, environ: object) -> Headers:
            headers = super().get_wsgi_headers(environ)  # type: ignore[arg-type]
            headers["X-Stamp"] = "here"
            return headers

    host.response_class = Stamped
    answer = host.test_client().get(f"{V}svg/data")
    assert (answer.headers["X-Stamp"], answer.headers["X-Content-Type-Options"]) == ("here", "nosniff")


def test_no_refusal_quotes_the_request(client: FlaskClient) -> None:
    answer = client.delete(f"{V}new", headers={"Origin": "https://<script>.example"})
    assert "<script>" not in json.dumps(answer.json)
