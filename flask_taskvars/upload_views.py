"""The views of resumable uploads (tus 1.0.0). The last request sets the variable as a form does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from urllib.parse import quote

from flask import Response, after_this_request, current_app, request
from werkzeug.exceptions import HTTPException

from .contract.conversions import Given
from .contract.resumable import Plan
from .errors import (
    ContentVanished,
    InvalidRequest,
    NotResumable,
    TaskVarsError,
    TooLarge,
    UploadExpired,
    UploadLocked,
    UploadNotFound,
    WrongContentType,
    WrongOffset,
)
from .http import tus
from .http.incoming import Incoming, is_chunked, limit_body
from .mount import Mount, current_request
from .storage.base import check_key
from .storage.resumable import ResumableStorage, Upload
from .values import Variable
from .views import ask_to_change, done, guard, permit_change, store


def storage_of(mount: Mount) -> ResumableStorage:
    """Return the mount's storage.

    :raises NotResumable: it is not a :class:`ResumableStorage`.
    """
    if not isinstance(mount.storage, ResumableStorage):
        raise NotResumable
    return mount.storage


def speak_tus(methods: Collection[str]) -> str:
    """Send Tus-Resumable with the answer, even with an error. Return the method that the client means.

    :param methods: the methods of this resource that need the version check; OPTIONS is not among them.
    :raises UnsupportedVersion: the client speaks another version of tus.
    :raises InvalidRequest: X-HTTP-Method-Override came with another method than POST. A proxy may let GET through for
        everybody, and such a GET must not change anything.
    """
    after_this_request(_mark)
    method = request.method
    if (override := request.headers.get("X-HTTP-Method-Override")) is not None:
        if method != "POST":
            raise InvalidRequest("Send X-HTTP-Method-Override only with POST.")
        method = override.upper()
    if method in methods:
        tus.check_version(request.headers)
    return method


def _mark(response: Response) -> Response:
    response.headers["Tus-Resumable"] = tus.VERSION
    return response


def create_upload(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """POST …/variables/{name}/uploads: begin an upload. The body may hold its first bytes (creation-with-upload)."""
    storage = storage_of(mount)
    permit_change(mount, "write", task_id, name)
    check_key(name)
    length = tus.read_length(request.headers, _limit(mount))
    plan = Plan.make(name, request.headers, mount.callers.name(current_request()), local=local)
    _judge(mount, task_id, plan)
    checksum = tus.read_checksum(request.headers)
    with_bytes = request.mimetype == tus.BODY_TYPE
    if not with_bytes and (request.content_length or is_chunked(request)):
        raise WrongContentType(request.content_type, tus.BODY_TYPE)
    upload = storage.begin_upload(task_id, length, plan.text())
    if with_bytes or not length:
        try:
            upload = _receive(mount, storage, upload, plan, checksum)
        except BaseException:
            storage.remove_upload(upload)  # the client won't learn its URL
            raise
    response = _answer(mount, upload, 201)
    response.location = _url(name, upload.id)
    if not with_bytes:
        del response.headers["Upload-Offset"]
    return response


def show_upload(mount: Mount, task_id: str, upload_id: str) -> Response:
    """HEAD …/uploads/{id}: tell the offset of the upload."""
    upload, plan = _find(mount, task_id, upload_id)
    response = _answer(mount, upload, 200)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Cache-Control"] = "no-store"
    if plan.metadata:
        response.headers["Upload-Metadata"] = plan.metadata
    return response


def append_upload(mount: Mount, task_id: str, upload_id: str) -> Response:
    """PATCH …/uploads/{id}: add bytes to the upload. The last byte sets the variable."""
    upload, plan = _find(mount, task_id, upload_id)
    if request.mimetype != tus.BODY_TYPE:
        raise WrongContentType(request.content_type, tus.BODY_TYPE)
    if tus.read_offset(request.headers) != upload.offset:
        raise WrongOffset(upload.offset)
    checksum = tus.read_checksum(request.headers)
    if upload.is_done and not request.content_length:
        # A chunked body may have bytes: refuse them. Finishing an upload twice would set the variable again.
        deque(tus.body(Incoming(request), 0, checksum), maxlen=0)
        return _answer(mount, upload, 204)
    return _answer(mount, _receive(mount, storage_of(mount), upload, plan, checksum), 204)


def remove_upload(mount: Mount, task_id: str, upload_id: str) -> Response:
    """DELETE …/uploads/{id}: delete the upload (termination). If it is finished, the variable stays."""
    upload, _ = _find(mount, task_id, upload_id)
    storage_of(mount).remove_upload(upload)
    return done()


def describe_uploads(mount: Mount, allowed: list[str]) -> Response:
    """OPTIONS: list the supported parts of tus, if the storage supports resumable uploads."""
    response = current_app.response_class(status=204)
    response.allow.update(allowed)
    if isinstance(mount.storage, ResumableStorage):
        response.headers["Tus-Version"] = tus.VERSION
        response.headers["Tus-Extension"] = tus.EXTENSIONS
        response.headers["Tus-Max-Size"] = str(_limit(mount))
        response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    return response


def _limit(mount: Mount) -> int:
    """Return the most bytes of an upload, which are those of a form."""
    limit_body(request, mount.settings.max_content_length)
    limit = request.max_content_length
    assert limit is not None, "it was set"
    return limit


class _Judged(Exception):
    """Rolls back an update that was begun only to judge preconditions."""


def _judge(mount: Mount, task_id: str, plan: Plan) -> None:
    """Judge the preconditions before any byte is sent. They are judged again when the variable is set.

    Judge them in an update that is rolled back: a look-up may read an old value from a replica.
    """
    judge = guard(mount, plan.name, plan.headers)
    if judge is None:
        return

    def look(found: Mapping[str, Variable]) -> None:
        judge(found)
        raise _Judged

    with suppress(_Judged):
        mount.storage.update(task_id, delete=[plan.name], local=plan.local, guard=look)


def _find(mount: Mount, task_id: str, upload_id: str) -> tuple[Upload, Plan]:
    """Find an upload of this task that the caller began and may still finish.

    :raises TaskNotFound: no task has this id.
    :raises UploadNotFound: the task has no such upload, or somebody else began it.
    :raises Forbidden: the caller may not write the variable any more.
    :raises UploadExpired: the upload is older than `TASKVARS_GRACE_HOURS`.
    """
    storage = storage_of(mount)
    storage.check_task(task_id)
    upload = storage.find_upload(upload_id)
    plan = Plan.read(upload.about)
    if upload.task_id != task_id or not plan.belongs_to(mount.callers.name(current_request())):
        raise UploadNotFound
    ask_to_change(mount, "write", task_id, plan.name, plan.headers)
    if upload.created + _grace(mount) <= time.time():
        storage.remove_upload(upload)
        raise UploadExpired
    return upload, plan


def _receive(
    mount: Mount, storage: ResumableStorage, upload: Upload, plan: Plan, checksum: tus.Checksum | None
) -> Upload:
    """Append the request's body to the upload. If the upload is complete then, set the variable."""
    missing = upload.length - upload.offset
    if (request.content_length or 0) > missing:
        raise TooLarge(f"The upload has only {missing} bytes left.")
    limit_body(request, mount.settings.max_content_length)
    blocks = tus.body(Incoming(request), missing, checksum)
    upload = storage.append(upload, blocks, whole=checksum is not None)
    if upload.is_done:
        _finish(mount, storage, upload, plan)
    return upload


def _finish(mount: Mount, storage: ResumableStorage, upload: Upload, plan: Plan) -> None:
    """Set the variable as a form does: gates, hook, preconditions, signals. A refused upload is deleted at once."""
    try:
        with storage.uploaded(upload) as content:
            given = Given(plan.value(content))
            store(mount, upload.task_id, plan.name, given, plan.headers, local=plan.local)
    except UploadLocked:
        raise
    except ContentVanished as error:
        storage.remove_upload(upload)
        raise UploadExpired from error
    except (TaskVarsError, HTTPException) as error:  # a gate or the hook may call `abort`
        status = error.status if isinstance(error, TaskVarsError) else error.code or 500
        if status < 500:
            storage.remove_upload(upload)
        raise


def _answer(mount: Mount, upload: Upload, status: int) -> Response:
    response = done()
    response.status_code = status
    response.headers["Upload-Offset"] = str(upload.offset)
    response.headers["Upload-Expires"] = tus.expiry(upload.created, _grace(mount))
    return response


def _grace(mount: Mount) -> int:
    return mount.settings.grace_hours * 3600


def _url(name: str, upload_id: str) -> str:
    """Make the path of an upload, below the prefix that the caller sees."""
    asked = f"/{(request.view_args or {})['scope']}/{name}/uploads"
    return quote(f"{request.root_path}{request.path.rstrip('/').removesuffix(asked)}/uploads/{upload_id}")
