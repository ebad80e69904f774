"""The app with which the tests try docs/deploying.md: uploads, and values under /task/broken that break off."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flask_taskvars import Bytes, create_blueprint, everybody
from flask_taskvars.errors import ContentVanished
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import BLOCK, Content, Variable
from tests.support.upload_app import make_app


class BrokenContent(Content):
    """Bytes that vanish after the first block."""

    size, etag, sha256, modified = 2 * BLOCK, "broken", None, None

    def open_at(self, offset: int) -> Iterator[bytes]:
        yield bytes(BLOCK)
        raise ContentVanished


class BrokenStorage(MemoryStorage):
    """A storage that returns the same broken value for every variable."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        return Variable(name, task_id, Bytes(BrokenContent()))


def may(action: str, task_id: str, name: str | None) -> bool:
    """Refuse the name `forbidden`."""
    return name != "forbidden"


app = make_app(os.environ["TASKVARS_TEST_URL"], may)


@app.route("/admin/<path:rest>")
def admin(rest: str) -> str:
    """A page that the proxy must not forward."""
    return "for administrators"


for name, prefix in (("broken", "/task/broken"), ("engine", "/engine-rest")):
    app.register_blueprint(create_blueprint(BrokenStorage(), authorize=everybody, name=name), url_prefix=prefix)
