"""Content stores named by URLs, as in the setting `TASKVARS_CONTENTS`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast
from urllib.parse import unquote, urlsplit

from ..errors import ConfigError
from .base import ContentStore
from .directory import DirectoryContents

DATABASE = "database"
"""The value of the setting that stands for the database itself."""
ONLY = "contents"
"""The name of the store if the setting gives a URL without a name."""
SCHEMES = ("s3", "az", "gs")
"""The schemes of object stores' URLs."""


def open_contents(given: str | Mapping[str, str]) -> dict[str, ContentStore | None]:
    """Open the content stores of the setting, by name, and make sure that they work. None stands for the database.

    :raises ConfigError: a URL can't be read, an extra is missing, or a store can't be written to.
    """
    urls = {DATABASE if given == DATABASE else ONLY: given} if isinstance(given, str) else given
    stores = {name: open_url(url) for name, url in urls.items() if url}
    for store in stores.values():
        if store is not None:
            store.check()
    return stores


def open_url(url: str) -> ContentStore | None:
    """Open one store: `database`, `file:///srv/contents`, `s3://bucket/prefix`.

    :raises ConfigError: the URL can't be read, or the extra for object stores is not installed.
    """
    if url == DATABASE:
        return None
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return DirectoryContents(unquote(parts.path))
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ConfigError(
            f"TASKVARS_CONTENTS={url!r} can't be read: give 'database', 'file:///srv/contents', 's3://bucket/prefix', "
            "or a dictionary of names and such URLs."
        )
    try:
        objects = import_module(".objects", __package__)
    except ImportError as error:
        raise ConfigError(
            f"TASKVARS_CONTENTS={url!r} needs an extra: pip install 'flask-taskvars[objects]'."
        ) from error
    return cast(ContentStore, objects.ObjectContents(url))
