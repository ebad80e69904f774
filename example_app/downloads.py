"""Several files as one ZIP archive, which is built while it is sent."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, request
from werkzeug.utils import secure_filename
from zipstream import ZipStream

from flask_taskvars.http.headers import content_disposition, safe_filename
from flask_taskvars.values import blocks

from .listing import Listed


def zipped(variables: Iterable[Listed], title: str) -> Response:
    """Send the files that this request's form names, as one archive.

    The archive takes constant memory. It is not compressed, so its length is known beforehand.
    """
    chosen = set(request.form.getlist("name"))
    archive = ZipStream(sized=True)
    taken: set[str] = set()
    for file in (one for one in variables if one.binary and one.name in chosen):
        name = free_name(safe_filename(file.title), taken)
        taken.add(name.casefold())
        archive.add(blocks(file.content), name, size=file.size)
    headers = {
        "Content-Disposition": content_disposition(f"{secure_filename(title) or 'files'}.zip"),
        "Content-Length": str(len(archive)),
    }
    return Response(archive, mimetype="application/zip", headers=headers)


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that no other file of the archive has, in any case of letters: `photo.png`, `photo (2).png`."""
    stem, dot, extension = name.rpartition(".")
    stem, tail = (stem, dot + extension) if stem else (name, "")
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){tail}"
    return name
