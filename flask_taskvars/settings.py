"""The keys in `app.config`, checked once at start-up."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

PREFIX = "TASKVARS_"
PROFILES = ("documented", "engine")


class ConfigError(ValueError):
    """A `TASKVARS_*` key is unknown or has a value that can't work; the message names cause and fix."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a mount reads from `app.config`; each field is the key `TASKVARS_<FIELD>`.

    :param url_prefix: what comes before `/task/…`, such as `/engine-rest`.
    :param profile: `documented`, or `engine` for the status codes of a live Camunda 7, its 500s included.
    :param engine_name: the same routes also answer under `/engine/<engine_name>`.
    :param cache_control: the Cache-Control of downloads.
    :param inline_types: media types (`image/png`) that a browser may show; all others are attachments.
    :param max_content_length: bytes in an uploaded form, and so in its value; more is a 413.
    :param max_json_length: bytes in a JSON body, which is read into memory; more is a 413.
    """

    url_prefix: str = ""
    profile: str = "documented"
    engine_name: str = "default"
    cache_control: str = "private, no-cache"
    inline_types: Collection[str] = ()
    max_content_length: int = 5 * 2**30
    max_json_length: int = 32 * 2**20

    @classmethod
    def from_config(cls, config: Mapping[str, object], **overrides: object) -> Settings:
        """Read all `TASKVARS_*` keys; `overrides` are fields that win over them.

        :raises ConfigError: a key is unknown, or its value can't work.
        """
        names = [field.name for field in fields(cls)]
        keys = {name: PREFIX + name.upper() for name in names}
        for key in (key for key in config if key.startswith(PREFIX)):
            _check_known(key, keys)
        for name in overrides:
            _check_known(name, {name: name for name in names})
        given = {name: config[key] for name, key in keys.items() if key in config}
        return cls(**(given | overrides))  # type: ignore[arg-type]  # each is checked below

    def __post_init__(self) -> None:
        for name in ("url_prefix", "profile", "engine_name", "cache_control"):
            if not isinstance(getattr(self, name), str):
                raise self._error(name, "is no text; give a str")
        if not re.fullmatch(r"(?:/[^/?#\s]+)*", self.url_prefix):
            raise self._error("url_prefix", "must be empty, or start with a slash and not end with one: '/engine-rest'")
        if self.profile not in PROFILES:
            raise self._error("profile", f"is unknown; give one of {', '.join(PROFILES)}")
        if not re.fullmatch(r"(?!\.+$)[\w.~-]+", self.engine_name, re.ASCII):
            raise self._error("engine_name", "must be one part of a path: letters, digits, '.', '_', '~', '-'")
        if not re.fullmatch(r"[ -~]+", self.cache_control):
            raise self._error("cache_control", "must be the printable ASCII value of a Cache-Control header")
        if not _are_media_types(self.inline_types):
            raise self._error("inline_types", "must be a list of media types: ['image/png', 'application/pdf']")
        for name in ("max_content_length", "max_json_length"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise self._error(name, "must be a number of bytes, at least 1")
        object.__setattr__(self, "inline_types", frozenset(one.lower() for one in self.inline_types))

    def _error(self, name: str, text: str) -> ConfigError:
        return ConfigError(f"{PREFIX}{name.upper()}={getattr(self, name)!r} {text}.")


def _check_known(given: str, known: Mapping[str, str]) -> None:
    """:param known: from the name of each field to how it is written here."""
    if given not in known.values():
        near = difflib.get_close_matches(given.removeprefix(PREFIX).lower(), known, 1)
        hint = f"did you mean {known[near[0]]}?" if near else f"there are {', '.join(known.values())}."
        raise ConfigError(f"{given} is no setting of flask-taskvars; {hint}")


def _are_media_types(value: object) -> bool:
    if not isinstance(value, (list, tuple, set, frozenset)):
        return False
    return all(isinstance(one, str) and re.fullmatch(r"[\w.+-]+/[\w.+-]+", one, re.ASCII) for one in value)
