"""The same desk on the database of a live engine: a second mount with its own name and prefix.

To get it, set `ENGINE_DATABASE_URI` to the database of a Camunda 7 or one of its forks. To write as well, set
`ENGINE_REST_URL` to the engine's REST API.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Flask, Response, abort, render_template
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import Row, create_engine, text

from flask_taskvars import Forbidden, TaskVars

from .browsers import refuse_other_sites
from .downloads import zipped
from .listing import listed

TASKS = """
SELECT ID_ AS id, COALESCE(NAME_, TASK_DEF_KEY_, ID_) AS title, PROC_INST_ID_ AS instance FROM ACT_RU_TASK
WHERE COALESCE(ASSIGNEE_, :user) = :user AND ID_ = COALESCE(:id, ID_) ORDER BY title, id
"""


def add_live_desk(app: Flask) -> None:
    """Mount the engine's variables, and add pages for them."""
    from flask_taskvars.storage.camunda import CamundaStorage  # needs the extra `camunda`

    database = create_engine(app.config["ENGINE_DATABASE_URI"], pool_pre_ping=True)
    storage = CamundaStorage(database, rest_url=app.config.get("ENGINE_REST_URL"))
    taskvars = TaskVars(storage, name="live", url_prefix="/engine-rest")
    pages = Blueprint("engine", __name__, url_prefix="/live")
    pages.before_request(refuse_other_sites)

    def own_tasks(task_id: str | None = None) -> Sequence[Row[tuple[str, str, str]]]:
        """Return the tasks of the user and those without an assignee: all of them, or the one with this id."""
        with database.connect() as connection:
            return connection.execute(text(TASKS), {"user": current_user.id, "id": task_id}).all()

    @taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        if not own_tasks(task_id) or (action != "read" and current_user.reads_all):
            raise Forbidden(current_user.id)
        return True

    @pages.get("/")
    def tasks() -> str:
        return render_template("live.html", tasks=own_tasks())

    def own_task(task_id: str) -> Row[tuple[str, str, str]]:
        return next(iter(own_tasks(task_id)), None) or abort(404)

    @pages.post("/tasks/<task_id>/files.zip")
    def files(task_id: str) -> Response:
        found = own_task(task_id)
        return zipped(listed(storage.get_all(task_id), task_id, outer={}), found.title)

    @pages.get("/tasks/<task_id>")
    def task(task_id: str) -> str:
        found = own_task(task_id)
        variables = listed(storage.get_all(task_id), task_id, outer={})
        around = {"around": "process", "outside": found.instance, "subtitle": gettext("Live engine")}
        access = {"mount": "live", "read_only": storage.read_only or current_user.reads_all}
        return render_template("task.html", task=found, variables=variables, **around, **access)

    taskvars.init_app(app)
    app.register_blueprint(pages)
