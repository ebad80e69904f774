"""The keys in `app.config`: what each takes, and what is said about what it can't take."""

from __future__ import annotations

from dataclasses import fields

import pytest

from flask_taskvars.settings import PREFIX, ConfigError, Settings

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
    ("INLINE_TYPES", (), frozenset()),
    ("INLINE_TYPES", ["image/png", "Image/SVG+xml"], {"image/png", "image/svg+xml"}),
    ("INLINE_TYPES", {"application/vnd.ms-excel"}, {"application/vnd.ms-excel"}),
    ("MAX_CONTENT_LENGTH", 1, 1),
    ("MAX_JSON_LENGTH", 2**20, 2**20),
]

REFUSED: list[tuple[str, object, str]] = [
    ("URL_PREFIX", None, "no text; give a str"),
    ("URL_PREFIX", 5, "no text"),
    ("URL_PREFIX", "engine-rest", "start with a slash"),
    ("URL_PREFIX", "/engine-rest/", "not end with one: '/engine-rest'"),
    ("URL_PREFIX", "/", "must be empty"),
    ("URL_PREFIX", "/a//b", "start with a slash"),
    ("URL_PREFIX", "/a?b", "start with a slash"),
    ("URL_PREFIX", "/a b", "start with a slash"),
    ("PROFILE", "Engine", "unknown; give one of documented, engine"),
    ("PROFILE", "", "give one of"),
    ("PROFILE", None, "no text"),
    ("ENGINE_NAME", "", "one part of a path"),
    ("ENGINE_NAME", "a/b", "one part of a path"),
    ("ENGINE_NAME", "..", "one part of a path"),
    ("ENGINE_NAME", "müller", "one part of a path"),
    ("ENGINE_NAME", None, "no text"),
    ("CACHE_CONTROL", "", "printable ASCII"),
    ("CACHE_CONTROL", "no-store\r\nX-Evil: 1", "printable ASCII"),
    ("CACHE_CONTROL", "müll", "printable ASCII"),
    ("CACHE_CONTROL", 0, "no text"),
    ("INLINE_TYPES", "image/png", "a list of media types"),
    ("INLINE_TYPES", None, "a list of media types"),
    ("INLINE_TYPES", True, "a list of media types"),
    ("INLINE_TYPES", b"image/png", "a list of media types"),
    ("INLINE_TYPES", ["png"], "a list of media types"),
    ("INLINE_TYPES", ["image/*"], "a list of media types"),
    ("INLINE_TYPES", ["text/html; charset=utf-8"], "a list of media types"),
    ("INLINE_TYPES", [None], "a list of media types"),
    ("MAX_CONTENT_LENGTH", 0, "a number of bytes, at least 1"),
    ("MAX_CONTENT_LENGTH", True, "a number of bytes"),
    ("MAX_CONTENT_LENGTH", "5 GB", "a number of bytes"),
    ("MAX_CONTENT_LENGTH", None, "a number of bytes"),
    ("MAX_JSON_LENGTH", -1, "a number of bytes"),
    ("MAX_JSON_LENGTH", 1.5, "a number of bytes"),
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
def test_bad_values_are_named_with_the_cure(key: str, value: object, complaint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.from_config({PREFIX + key: value})
    assert str(refusal.value).startswith(f"{PREFIX}{key}={value!r} ")
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(("key", "hint"), UNKNOWN)
def test_unknown_keys_are_errors(key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings.from_config({key: "x"})
    assert str(refusal.value).startswith(f"{key} is no setting of flask-taskvars; {hint}")


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
        Settings.from_config({}, **{name: "x"})
    assert str(refusal.value).startswith(f"{name} is no setting of flask-taskvars; {hint}")


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().profile = "engine"  # type: ignore[misc]  # what this test is about
