"""openapi.json is valid and complete. It says at least what the engine's own document says of the fourteen methods."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import apispec
import pytest
from flask import Blueprint, Flask, url_for
from werkzeug.routing import Rule

from flask_taskvars import TaskVars, create_blueprint, everybody
from flask_taskvars.storage.memory import MemoryStorage
from tests.conftest import missing
from tests.contract.openapi_official import Json, Missing, contents, essence, official_document, resolved, schema_names

SCOPES = ("variables", "localVariables")
METHODS = {"": ("get", "post"), "/{varName}": ("get", "put", "delete"), "/{varName}/data": ("get", "post")}
OPERATIONS = [
    (f"/task/{{id}}/{scope}{end}", method) for scope in SCOPES for end, methods in METHODS.items() for method in methods
]
"""The contract's fourteen methods."""


def make_app(prefix: str = "") -> Flask:
    app = Flask("described")
    app.testing = True
    TaskVars(MemoryStorage(), everybody, url_prefix=prefix).init_app(app)
    return app


def document_of(app: Flask, url: str = "/openapi.json", **environ: str) -> Any:
    response = app.test_client().get(url, environ_overrides=environ)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    return response.json


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The engine's document."""
    try:
        return official_document(tmp_path_factory.mktemp("official"))
    except Missing as absence:
        missing(str(absence))
        raise


@pytest.fixture(scope="session")
def ours() -> Json:
    """Our document."""
    document: Json = document_of(make_app())
    return document


@pytest.mark.tools
def test_the_document_is_valid(ours: Json) -> None:
    from openapi_spec_validator import OpenAPIV30SpecValidator

    OpenAPIV30SpecValidator(dict(ours)).validate()


@pytest.mark.tools
def test_the_engine_has_these_methods(official: Json) -> None:
    found = {
        (path, method)
        for path, methods in official["paths"].items()
        if path.startswith(tuple(f"/task/{{id}}/{scope}" for scope in SCOPES))
        for method in methods
    }
    assert found == set(OPERATIONS)
    assert len(OPERATIONS) == 14


@pytest.mark.tools
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
class TestOperation:
    """One of the fourteen methods, in the engine's document and in ours, which may say more."""

    @pytest.fixture
    def theirs(self, official: Json, path: str, method: str) -> Json:
        found: Json = official["paths"][path][method]
        return found

    @pytest.fixture
    def own(self, ours: Json, path: str, method: str) -> Json:
        found: Json = ours["paths"][path][method]
        return found

    def test_name(self, theirs: Json, own: Json) -> None:
        for key in ("operationId", "tags", "summary"):
            assert own[key] == theirs[key]

    def test_parameters(self, official: Json, ours: Json, theirs: Json, own: Json) -> None:
        assert parameters(official, theirs).items() <= parameters(ours, own).items()

    def test_no_other_parameter_is_required(self, official: Json, ours: Json, theirs: Json, own: Json) -> None:
        added = parameters(ours, own).keys() - parameters(official, theirs).keys()
        assert not any(required for *_, required in added)

    def test_body(self, official: Json, ours: Json, theirs: Json, own: Json) -> None:
        assert ("requestBody" in own) == ("requestBody" in theirs)
        if "requestBody" in theirs:
            assert contents(ours, own["requestBody"]) == contents(official, theirs["requestBody"])
            assert own["requestBody"].get("required") == theirs["requestBody"].get("required")

    def test_answers(self, official: Json, ours: Json, theirs: Json, own: Json) -> None:
        for status, response in theirs["responses"].items():
            theirs_contents = contents(official, response)
            assert theirs_contents.items() <= contents(ours, own["responses"][status]).items()

    def test_schemas(self, official: Json, ours: Json, theirs: Json) -> None:
        for name in schema_names(official, theirs):
            told = official["components"]["schemas"][name]
            own = ours["components"]["schemas"][name]
            assert essence(own) == essence(told)
            assert properties(told).items() <= properties(own).items()


@pytest.mark.tools
@pytest.mark.parametrize("name", ["VariableValueDto", "PatchVariablesDto", "MultiFormVariableBinaryDto"])
def test_our_schemas_accept_what_the_engines_accept(official: Json, ours: Json, name: str) -> None:
    told, own = (document["components"]["schemas"][name] for document in (official, ours))
    assert set(own.get("required", ())) <= set(told.get("required", ()))
    for key, schema in told["properties"].items():
        assert own["properties"][key].get("nullable") or not schema.get("nullable")
        assert set(own["properties"][key].get("enum", ())) >= set(schema.get("enum", ()))


@pytest.mark.parametrize("prefix", ["", "/engine-rest"])
def test_exactly_our_routes_are_described(prefix: str) -> None:
    app = make_app(prefix)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("taskvars.")]
    routes = {path.removeprefix(prefix) for rule in rules for path in built(rule)}
    plain = {path.removeprefix("/engine/default").removesuffix("/") for path in routes} - {"/openapi.json"}
    document = document_of(app, f"{prefix}/openapi.json")
    assert plain == set(document["paths"])
    for path, methods in document["paths"].items():
        allowed = app.test_client().options(prefix + path).allow
        assert {method.upper() for method in methods} == set(allowed) - {"OPTIONS"}


def built(rule: Rule) -> set[str]:
    """Return the paths of a rule, with the contract's names for the placeholders."""
    values = {"task_id": "{id}", "name": "{varName}", "_": "openapi.json", "upload_id": "{uploadId}"}
    paths = (
        rule.build({name: (values | {"scope": scope})[name] for name in rule.arguments - {"below"}}) for scope in SCOPES
    )
    return {unquote(path) for found in paths if found is not None for path in found[1:]}


def test_operation_ids_are_unique_and_links_lead_to_them(ours: Json) -> None:
    operations = [(path, operation) for path, methods in ours["paths"].items() for operation in methods.values()]
    by_id = {operation["operationId"]: (path, operation) for path, operation in operations}
    assert len(by_id) == len(operations) == len(OPERATIONS) + 6 + 5
    links = [
        (path, link)
        for path, operation in operations
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert links
    for path, link in links:
        target, operation = by_id[link["operationId"]]
        assert ("/localVariables" in target) == ("/localVariables" in path)
        taken = {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]}
        assert {name.removeprefix("header.") for name in link["parameters"]} <= taken


@pytest.mark.parametrize(
    ("prefix", "script", "plain"),
    [
        ("", "", "/"),
        ("/engine-rest", "", "/engine-rest"),
        ("/engine-rest", "/claims", "/claims/engine-rest"),
        ("", "/claims", "/claims"),
        ("/engine/default", "", "/engine/default"),
        ("/über{uns}", "/a b", "/a%20b/%C3%BCber%7Buns%7D"),
    ],
)
@pytest.mark.parametrize("below", ["", "/engine/default"])
def test_servers(prefix: str, script: str, plain: str, below: str) -> None:
    document = document_of(make_app(prefix), f"{prefix}{below}/openapi.json", SCRIPT_NAME=script)
    assert document["servers"] == [{"url": plain}, {"url": f"{plain.rstrip('/')}/engine/default"}]


def test_a_server_leads_to_the_variables() -> None:
    storage = MemoryStorage()
    storage.add_scope("task-1")
    storage.set("task-1", "name", "text")
    app = Flask("nested")
    outer = Blueprint("outer", __name__)
    outer.register_blueprint(create_blueprint(storage, authorize=everybody), url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    app.testing = True
    for server in document_of(app, "/outer/inner/openapi.json")["servers"]:
        found = app.test_client().get(f"{server['url']}/task/task-1/variables/name")
        assert found.json == {"type": "String", "value": "text", "valueInfo": {}}


@pytest.mark.parametrize("first", [True, False])
def test_the_hosts_own_document_wins(first: bool) -> None:
    app = Flask("host")
    app.testing = True
    if first:
        app.add_url_rule("/openapi.json", view_func=lambda: {"openapi": "the host's"}, endpoint="own")
    TaskVars(MemoryStorage(), everybody).init_app(app)
    if not first:
        app.add_url_rule("/openapi.json", view_func=lambda: {"openapi": "the host's"}, endpoint="own")
    assert document_of(app) == {"openapi": "the host's"}
    assert document_of(app, "/engine/default/openapi.json")["openapi"] == "3.0.3"


@pytest.mark.parametrize("prefix", ["", "/engine-rest"])
def test_its_url_can_be_built(prefix: str) -> None:
    app = make_app(prefix)
    with app.test_request_context():
        assert document_of(app, url_for("taskvars.openapi"))["openapi"] == "3.0.3"


@pytest.mark.parametrize("prefix", ["", "/engine-rest"])
def test_it_can_be_moved_or_switched_off(prefix: str) -> None:
    app, hidden = Flask("elsewhere"), Flask("nowhere")
    TaskVars(MemoryStorage(), everybody, url_prefix=prefix, openapi_path="/docs/tasks.json").init_app(app)
    TaskVars(MemoryStorage(), everybody, url_prefix=prefix, openapi_path="").init_app(hidden)
    for below in ("", "/engine/default"):
        [server, *_] = document_of(app, f"{prefix}{below}/docs/tasks.json")["servers"]
        assert server["url"] == (prefix or "/")
        for other in (app, hidden):
            assert other.test_client().get(f"{prefix}{below}/openapi.json").status_code == 404


def test_it_is_revalidated() -> None:
    client = make_app().test_client()
    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    head = client.head("/openapi.json")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(first.data)))


def test_it_is_built_once_for_each_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    init = apispec.APISpec.__init__

    def counting(self: apispec.APISpec, *arguments: Any, **options: Any) -> None:
        built.append(arguments[0])
        init(self, *arguments, **options)

    monkeypatch.setattr(apispec.APISpec, "__init__", counting)
    app = make_app("/one")
    TaskVars(MemoryStorage(), everybody, name="other", url_prefix="/other").init_app(app)
    assert built == []
    for prefix in ("/one", "/other", "/one", "/one/engine/default"):
        assert document_of(app, f"{prefix}/openapi.json")["servers"][0]["url"] == prefix.removesuffix("/engine/default")
    assert len(built) == 2


def test_it_is_read_only() -> None:
    refused = make_app("/engine-rest").test_client().post("/engine-rest/openapi.json")
    assert (refused.status_code, refused.headers["Content-Type"]) == (405, "application/json")
    assert set(refused.allow) == {"GET", "HEAD", "OPTIONS"}


def parameters(document: Json, operation: Json) -> dict[tuple[str, str, bool], Json]:
    """Return the schema of each parameter by its name, its place, and whether it is required."""
    found = [resolved(document, parameter) for parameter in operation.get("parameters", ())]
    return {(one["name"], one["in"], one.get("required", False)): essence(one["schema"]) for one in found}


def properties(schema: Json) -> dict[str, Json]:
    return {name: essence(part) for name, part in schema.get("properties", {}).items()}
