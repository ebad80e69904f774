"""The keys in `app.config`, checked once at start-up."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
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
    inline_types: Iterable[str] = ()
    max_content_length: int = 5 * 2**30
    max_json_length: int = 32 * 2**20

    @classmethod
    def from_config(cls, config: Mapping[str, object], **overrides: object) -> Settings:
        """Read all `TASKVARS_*` keys; `overrides` are fields that win over them.

        :raises ConfigError: a key is unknown, or its value can't work.
        """
        known = {PREFIX + field.name.upper(): field.name for field in fields(cls)}
        given: dict[str, object] = {}
        for key in (key for key in config if key.startswith(PREFIX)):
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}."
                raise ConfigError(f"{key} is no setting of flask-taskvars; {hint}")
            given[known[key]] = config[key]
        for name in overrides:
            if name not in known.values():
                raise ConfigError(f"{name!r} is no setting of flask-taskvars; they are {', '.join(known.values())}.")
        return cls(**(given | overrides))  # type: ignore[arg-type]  # each is checked below

    def __post_init__(self) -> None:
        for name in ("url_prefix", "profile", "engine_name", "cache_control"):
            if not isinstance(getattr(self, name), str):
                raise self._error(name, "is no text; give a str")
        if self.url_prefix and (not self.url_prefix.startswith("/") or self.url_prefix.endswith("/")):
            raise self._error("url_prefix", "must be empty, or start with a slash and not end with one: '/engine-rest'")
        if self.profile not in PROFILES:
            raise self._error("profile", f"is unknown; give one of {', '.join(PROFILES)}")
        if not re.fullmatch(r"[\w.~-]+", self.engine_name, re.ASCII):
            raise self._error("engine_name", "must be one part of a path: letters, digits, '.', '_', '~', '-'")
        if not re.fullmatch(r"[ -~]+", self.cache_control):
            raise self._error("cache_control", "must be the printable ASCII value of a Cache-Control header")
        if isinstance(self.inline_types, str) or not all(isinstance(one, str) for one in self.inline_types):
            raise self._error("inline_types", "must be a list of media types: ['image/png', 'application/pdf']")
        for name in ("max_content_length", "max_json_length"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise self._error(name, "must be a number of bytes, at least 1")
        object.__setattr__(self, "inline_types", frozenset(one.lower() for one in self.inline_types))

    def _error(self, name: str, text: str) -> ConfigError:
        return ConfigError(f"{PREFIX}{name.upper()}={getattr(self, name)!r} {text}.")
