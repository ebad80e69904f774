"""The host app `tests.support.careless_app:app`. Its own pages send any headers, and it refuses another tenant."""

from __future__ import annotations

import os

from flask import Response, request

from tests.support.offload_app import make_app


def may(action: str, task_id: str, name: str | None) -> bool:
    """Refuse the callers of another tenant."""
    return request.headers.get("X-Tenant") != "another"


URL, CONTENTS, OFFLOAD = (os.environ[f"TASKVARS_TEST_{key}"] for key in ("URL", "CONTENTS", "OFFLOAD"))
app, *_ = make_app(URL, CONTENTS, OFFLOAD, may)


@app.route("/careless/<path:rest>")
@app.route("/task/careless")
def careless(rest: str = "a page of the host") -> Response:
    """Send the headers that the caller names. A page that passes on another server's answer could do so."""
    response = Response(rest)
    response.headers.extend(request.args.to_dict())
    return response
