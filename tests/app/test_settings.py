"""The keys in `app.config`: the values that each accepts, and the error for any other value."""

from __future__ import annotations

from dataclasses import fields

import pytest

from flask_taskvars.errors import ConfigError
from flask_taskvars.settings import PREFIX, Settings

TAKEN: list[tuple[str, object, object]] = [
    ("URL_PREFIX", "", ""),
    ("URL_PREFIX", "/engine-rest", "/engine-rest"),
    ("URL_PREFIX", "/a/b.c", "/a/b.c"),
    ("URL_PREFIX", "/<tenant>/rest", "/<tenant>/rest"),
    ("PROFILE", "documented", "documented"),
    ("PROFILE", "engine", "engine"),
    ("ENGINE_NAME", "default", "default"),
    ("ENGINE_NAME", "my_Engine-2.0~x", "my_Engine-2.0~x"),
    ("CACHE_CONTROL", "no-store", "no-store"),
    ("OFFLOAD", "x-accel", "x-accel"),
    ("INLINE_TYPES", (), frozenset()),
    ("INLINE_TYPES", ["image/png", "Image/SVG+xml"], {"image/png", "image/svg+xml"}),
    ("INLINE_TYPES", {"application/vnd.ms-excel"}, {"application/vnd.ms-excel"}),
    ("TRUSTED_ORIGINS", (), frozenset()),
    (
        "TRUSTED_ORIGINS",
        ["https://Desk.example:443", "http://[::1]:8080"],
        {"https://desk.example", "http://[::1]:8080"},
    ),
    ("TRUSTED_ORIGINS", ("capacitor://localhost",), {"capacitor://localhost"}),
    ("CONTENTS", "", ""),
    ("CONTENTS", "file:///srv/contents", "file:///srv/contents"),
    ("CONTENTS", {"files": "file:///srv", "db": "database"}, {"files": "file:///srv", "db": "database"}),
    ("OPENAPI_PATH", "", ""),
    ("OPENAPI_PATH", "/docs/api-1.json", "/docs/api-1.json"),
    ("MAX_CONTENT_LENGTH", 1, 1),
    ("MAX_JSON_LENGTH", 2**20, 2**20),
    ("MAX_JSON_DEPTH", 200, 200),
    ("MAX_NAMES", 1, 1),
    ("GRACE_HOURS", 48, 48),
    ("MAX_MESSAGE_LENGTH", 100, 100),
]

REFUSED: list[tuple[str, object, str]] = [
    ("URL_PREFIX", None, "must be a str"),
    ("URL_PREFIX", 5, "must be a str"),
    ("URL_PREFIX", "engine-rest", "start with a slash"),
    ("URL_PREFIX", "/engine-rest/", "not end with one: '/engine-rest'"),
    ("URL_PREFIX", "/", "must be empty"),
    ("URL_PREFIX", "/a//b", "start with a slash"),
    ("URL_PREFIX", "/a?b", "start with a slash"),
    ("URL_PREFIX", "/a b", "start with a slash"),
    ("OFFLOAD", "nginx", "unknown; give one of x-accel, x-sendfile, redirect, or leave it empty"),
    ("PROFILE", "Engine", "unknown; give one of documented, engine"),
    ("PROFILE", "", "give one of"),
    ("PROFILE", None, "must be a str"),
    ("ENGINE_NAME", "", "one part of a path"),
    ("ENGINE_NAME", "a/b", "one part of a path"),
    ("ENGINE_NAME", "..", "one part of a path"),
    ("ENGINE_NAME", "müller", "one part of a path"),
    ("ENGINE_NAME", None, "must be a str"),
    ("CACHE_CONTROL", "", "printable ASCII"),
    ("CACHE_CONTROL", "no-store\r\nX-Evil: 1", "printable ASCII"),
    ("CACHE_CONTROL", "müll", "printable ASCII"),
    ("CACHE_CONTROL", 0, "must be a str"),
    ("INLINE_TYPES", "image/png", "a list of media types"),
    ("INLINE_TYPES", None, "a list of media types"),
    ("INLINE_TYPES", True, "a list of media types"),
    ("INLINE_TYPES", b"image/png", "a list of media types"),
    ("INLINE_TYPES", ["png"], "a list of media types"),
    ("INLINE_TYPES", ["image/*"], "a list of media types"),
    ("INLINE_TYPES", ["text/html; charset=utf-8"], "a list of media types"),
    ("INLINE_TYPES", [None], "a list of media types"),
    ("TRUSTED_ORIGINS", "https://desk.example", "a list of origins"),
    ("TRUSTED_ORIGINS", None, "a list of origins"),
    ("TRUSTED_ORIGINS", ["*"], "a list of origins"),
    ("TRUSTED_ORIGINS", ["null"], "a list of origins"),
    ("TRUSTED_ORIGINS", ["desk.example"], "a list of origins"),
    ("TRUSTED_ORIGINS", ["https://desk.example/"], "without a path: ['https://desk.example']"),
    ("TRUSTED_ORIGINS", ["https://*.example"], "a list of origins"),
    ("TRUSTED_ORIGINS", ["https://müller.example"], "a list of origins"),
    ("TRUSTED_ORIGINS", [b"https://desk.example"], "a list of origins"),
    ("CONTENTS", 5, "must be a URL, or a dictionary"),
    ("CONTENTS", {"files": ""}, "must be a URL, or a dictionary"),
    ("CONTENTS", {"files": None}, "must be a URL, or a dictionary"),
    ("OPENAPI_PATH", "openapi.json", "must be empty, or a path"),
    ("OPENAPI_PATH", "/a/", "must be empty, or a path"),
    ("OPENAPI_PATH", "/<name>", "must be empty, or a path"),
    ("OPENAPI_PATH", None, "a str"),
    ("MAX_CONTENT_LENGTH", 0, "a number of bytes, at least 1"),
    ("MAX_CONTENT_LENGTH", True, "a number of bytes"),
    ("MAX_CONTENT_LENGTH", "5 GB", "a number of bytes"),
    ("MAX_CONTENT_LENGTH", None, "a number of bytes"),
    ("MAX_JSON_LENGTH", -1, "a number of bytes"),
    ("MAX_JSON_LENGTH", 1.5, "a number of bytes"),
    ("MAX_JSON_DEPTH", 0, "a number of levels, at least 1"),
    ("MAX_JSON_DEPTH", 201, "at most 200, to stay below Python's recursion limit"),
    ("MAX_NAMES", 0, "a number of variables"),
    ("GRACE_HOURS", 0, "a number of hours"),
    ("GRACE_HOURS", 0, "a number of hours"),
    ("MAX_MESSAGE_LENGTH", 0, "a number of characters"),
]

UNKNOWN = [
    ("TASKVARS_URL_PERFIX", "did you mean TASKVARS_URL_PREFIX?"),
    ("TASKVARS_url_prefix", "did you mean TASKVARS_URL_PREFIX?"),
    ("TASKVARS_STORAGE", "there are TASKVARS_URL_PREFIX, TASKVARS_PROFILE, "),
    ("TASKVARS_", "there are "),
]


def test_every_key_is_in_both_tables() -> None:
    keys = {field.name.upper() for field in fields(Settings)}
    assert {key for key, _, _ in TAKEN} == {key for key, _, _ in REFUSED} == keys


@pytest.mark.parametrize(("key", "value", "expected"), TAKEN)
def test_keys(key: str, value: object, expected: object) -> None:
    settings = Settings.from_config({PREFIX + key: value, "SECRET_KEY": "x", "taskvars_other": 1})
    assert getattr(settings, key.lower()) == expected


@pytest.mark.parametrize(("key", "value", "complaint"), REFUSED)
def test_bad_values_are_errors_that_name_the_fix(key: str, value: object, complaint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.from_config({PREFIX + key: value})
    assert str(refusal.value).startswith(f"{PREFIX}{key}={value!r} ")
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(("key", "hint"), UNKNOWN)
def test_unknown_keys_are_errors(key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.from_config({key: "x"})
    assert str(refusal.value).startswith(f"{key} is not a setting of flask-taskvars; {hint}")


def test_nothing_needs_to_be_set() -> None:
    assert Settings.from_config({}) == Settings()


def test_overrides_win_over_the_config() -> None:
    config = {"TASKVARS_URL_PREFIX": "/config", "TASKVARS_PROFILE": "engine"}
    settings = Settings.from_config(config, url_prefix="/code")
    assert (settings.url_prefix, settings.profile) == ("/code", "engine")


def test_an_override_repairs_a_bad_value() -> None:
    assert Settings.from_config({"TASKVARS_PROFILE": "nonsense"}, profile="engine").profile == "engine"


@pytest.mark.parametrize(
    ("name", "hint"), [("url_prefx", "did you mean url_prefix?"), ("xyz", "there are url_prefix, ")]
)
def test_unknown_overrides_are_errors(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.from_config({}, **{name: "x"})  # type: ignore[arg-type]  # the mistake
    assert str(refusal.value).startswith(f"{name} is not a setting of flask-taskvars; {hint}")


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().profile = "engine"  # type: ignore[misc]  # what this test is about
