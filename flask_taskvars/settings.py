"""The keys in `app.config`, checked once at start-up."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, TypedDict, Unpack, get_args

from .errors import ConfigError

PREFIX = "TASKVARS_"
Profile: TypeAlias = Literal["documented", "engine"]
Offload: TypeAlias = Literal["", "x-accel", "x-sendfile", "redirect"]
OFFLOADS: tuple[Offload, ...] = get_args(Offload)
PROFILES: tuple[Profile, ...] = get_args(Profile)
_LIMITS = {
    "max_content_length": "bytes",
    "max_json_length": "bytes",
    "max_json_depth": "levels",
    "max_names": "variables",
    "max_message_length": "characters",
    "grace_hours": "hours",
}
_DEEPEST = 200
_LISTS = (list, tuple, set, frozenset)
_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class GivenSettings(TypedDict, total=False):
    """The fields of :class:`Settings` as keyword arguments."""

    url_prefix: str
    profile: Profile
    engine_name: str
    cache_control: str
    inline_types: Collection[str]
    max_content_length: int
    max_json_length: int
    max_json_depth: int
    max_names: int
    max_message_length: int
    offload: Offload
    openapi_path: str
    trusted_origins: Collection[str]
    contents: str | Mapping[str, str]
    grace_hours: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What a mount reads from `app.config`; each field is the key `TASKVARS_<FIELD>`.

    :param url_prefix: the path before `/task/…`, such as `/engine-rest`.
    :param profile: `documented`, or `engine` for the status codes of a live Camunda 7, including its 500s.
    :param engine_name: the same routes also answer under `/engine/<engine_name>`.
    :param cache_control: the Cache-Control header of downloads and JSON documents.
    :param inline_types: media types, such as `image/png`, that a browser may show; it saves all others.
    :param max_content_length: the largest upload form in bytes, its value included; a larger one is a 413. If your
        app has a smaller `MAX_CONTENT_LENGTH`, that counts, for uploads and for JSON.
    :param offload: who sends values from a directory or an object store: `x-accel` (nginx), `x-sendfile` (Apache) or
        `redirect` (the object store itself); empty: this app.
    :param max_json_length: the largest JSON body in bytes, and the largest value in a form that is neither Bytes nor
        File; a larger one is a 413. Reading it takes up to 50 times as much memory. In forms, a smaller
        `MAX_FORM_MEMORY_SIZE` counts.
    :param max_json_depth: the most levels of arrays and objects in a JSON body, up to 200; more is a 400.
    :param max_names: the most variables that one request may set and delete; more is a 413.
    :param max_message_length: the most characters in an error message; a longer one is cut.
    :param trusted_origins: other sites whose pages may change variables, such as `https://desk.example`. Your app must
        also allow them with CORS headers.
    :param openapi_path: the path of the OpenAPI document, below the prefix; empty: it is not served.
    :param contents: where to store values longer than 64 KiB: `database`, `file:///srv/contents` or
        `s3://bucket/prefix`. Or a dictionary from names to such URLs: new values go to the first. Empty: the storage
        decides.
    :param grace_hours: hours to keep bytes that no variable refers to. Choose more than the longest upload takes, and
        more than the age of the oldest backup that you would restore.
    """

    url_prefix: str = ""
    profile: Profile = "documented"
    engine_name: str = "default"
    cache_control: str = "private, no-cache"
    inline_types: Collection[str] = ()
    max_content_length: int = 5 * 2**30
    max_json_length: int = 4 * 2**20
    max_json_depth: int = 100
    max_names: int = 1000
    max_message_length: int = 5000
    offload: Offload = ""
    trusted_origins: Collection[str] = ()
    openapi_path: str = "/openapi.json"
    contents: str | Mapping[str, str] = ""
    grace_hours: int = 24

    @classmethod
    def from_config(cls, config: Mapping[str, object], **overrides: Unpack[GivenSettings]) -> Settings:
        """Read all `TASKVARS_*` keys; `overrides` are fields that win over them.

        :raises ConfigError: a key is unknown, or its value can't work.
        """
        keys = {field.name: PREFIX + field.name.upper() for field in fields(cls)}
        for key in (key for key in config if key.startswith(PREFIX)):
            _check_known(key, keys)
        check_names(overrides)
        given = {name: config[key] for name, key in keys.items() if key in config}
        return cls(**(given | {**overrides}))  # type: ignore[arg-type]  # each is checked below

    @property
    def as_engine(self) -> bool:
        """Whether to answer with the statuses of a live engine."""
        return self.profile == "engine"

    def __post_init__(self) -> None:
        for name in ("url_prefix", "profile", "engine_name", "cache_control", "openapi_path"):
            if not isinstance(getattr(self, name), str):
                raise self._error(name, "must be a str")
        if not re.fullmatch(r"(?:/[^/?#\s]+)*", self.url_prefix):
            raise self._error("url_prefix", "must be empty, or start with a slash and not end with one: '/engine-rest'")
        if self.profile not in PROFILES:
            raise self._error("profile", f"is unknown; give one of {', '.join(PROFILES)}")
        if self.offload not in OFFLOADS:
            raise self._error(
                "offload", f"is unknown; give one of {', '.join(filter(None, OFFLOADS))}, or leave it empty"
            )
        if not re.fullmatch(r"(?!\.+$)[\w.~-]+", self.engine_name, re.ASCII):
            raise self._error("engine_name", "must be one part of a path: letters, digits, '.', '_', '~', '-'")
        if not re.fullmatch(r"[ -~]+", self.cache_control):
            raise self._error("cache_control", "must be the printable ASCII value of a Cache-Control header")
        if not re.fullmatch(r"(?:/[\w.~-]+)*", self.openapi_path, re.ASCII):
            raise self._error(
                "openapi_path", "must be empty, or a path of letters, digits, '.', '_', '~', '-': '/api.json'"
            )
        if not _are_urls(self.contents):
            raise self._error("contents", "must be a URL, or a dictionary of names and URLs: {'files': 'file:///srv'}")
        if not _are_media_types(self.inline_types):
            raise self._error("inline_types", "must be a list of media types: ['image/png', 'application/pdf']")
        for name, unit in _LIMITS.items():
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise self._error(name, f"must be a number of {unit}, at least 1")
        if self.max_json_depth > _DEEPEST:
            raise self._error("max_json_depth", f"must be at most {_DEEPEST}, to stay below Python's recursion limit")
        object.__setattr__(self, "inline_types", frozenset(one.lower() for one in self.inline_types))
        object.__setattr__(self, "trusted_origins", self._origins())

    def _origins(self) -> frozenset[str]:
        given: object = self.trusted_origins
        origins = [origin_of(one) for one in given] if isinstance(given, _LISTS) else [None]
        if None in origins:
            raise self._error("trusted_origins", "must be a list of origins, without a path: ['https://desk.example']")
        return frozenset(filter(None, origins))

    def _error(self, name: str, text: str) -> ConfigError:
        return ConfigError(f"{PREFIX}{name.upper()}={getattr(self, name)!r} {text}.")


def origin_of(text: object) -> str | None:
    """Read an origin as browsers write it (RFC 6454 6.2), without the default port; None if `text` is not an origin."""
    found = _ORIGIN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else "")


def check_names(given: Iterable[str]) -> None:
    """Refuse keyword arguments that are not settings.

    :raises ConfigError: a name is unknown.
    """
    known = {field.name: field.name for field in fields(Settings)}
    for name in given:
        _check_known(name, known)


def _check_known(given: str, known: Mapping[str, str]) -> None:
    """:param known: from each field's name to its spelling in this place, such as its `TASKVARS_` key."""
    if given not in known.values():
        near = difflib.get_close_matches(given.removeprefix(PREFIX).lower(), known, 1)
        hint = f"did you mean {known[near[0]]}?" if near else f"there are {', '.join(known.values())}."
        raise ConfigError(f"{given} is not a setting of flask-taskvars; {hint}")


def _are_urls(value: object) -> bool:
    if not isinstance(value, Mapping):
        return isinstance(value, str)
    return all(isinstance(one, str) and one for item in value.items() for one in item)


def _are_media_types(value: object) -> bool:
    if not isinstance(value, _LISTS):
        return False
    return all(isinstance(one, str) and re.fullmatch(r"[\w.+-]+/[\w.+-]+", one, re.ASCII) for one in value)
