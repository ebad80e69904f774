"""Words, dates and sizes in the language of the browser: English or German."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from babel.units import format_unit
from flask import Blueprint, Flask, Response, current_app, json, request
from flask_babel import Babel, format_date, format_datetime, format_decimal, format_timedelta, get_locale, gettext

from flask_taskvars import Value

LANGUAGES = ("en", "de")
DATE = "%Y-%m-%dT%H:%M:%S.%f%z"  # the contract's format
UNITS = (("digital-terabyte", 1e12), ("digital-gigabyte", 1e9), ("digital-megabyte", 1e6), ("digital-kilobyte", 1e3))

words = Blueprint("words", __name__)


def add_words(app: Flask) -> None:
    """Give pages and scripts their texts in the browser's language."""
    Babel(app, locale_selector=language)
    app.jinja_env.filters.update(ago=ago, day=day, fact=fact, bytes=size_text)
    app.jinja_env.globals.update(language=language)
    app.register_blueprint(words)


def language() -> str:
    """Return the language of ours that the browser prefers."""
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


def size_text(size: int) -> str:
    """Format a size: `10.2 kB`, in German `10,2 kB`."""
    for unit, bytes_each in UNITS:
        if size >= bytes_each:
            shown = size / bytes_each
            return format_unit(round(shown, 0 if shown >= 100 else 1), unit, "short", locale=get_locale())
    return format_unit(size, "digital-byte", "long", locale=get_locale())


def ago(moment: datetime) -> str:
    """Format the time since a moment: `3 hours ago`."""
    return str(format_timedelta(moment - datetime.now(UTC), granularity="minute", add_direction=True))


def fact(value: Value) -> str:
    """Format a value for a page."""
    match value.value:
        case None:
            return str(gettext("nothing"))
        case bool(yes):
            return str(gettext("yes") if yes else gettext("no"))
        case int(number) | float(number):
            return str(format_decimal(number))
        case str(text) if value.type == "Date":
            return str(format_datetime(datetime.strptime(text, DATE), "medium"))
    return str(value.value)


def day(moment: datetime) -> str:
    """Format a date: `Nov 28, 2026`."""
    return str(format_date(moment, "medium"))


@words.get("/words.js")
def for_scripts() -> Response:
    """Serve the translations as a module for the scripts."""
    texts = json.dumps(translations(language()))
    script = f"export const language = {json.dumps(language())};\nexport const texts = {texts};\n"
    response = current_app.response_class(script, mimetype="text/javascript")
    response.add_etag()
    response.vary.add("Accept-Language")
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


@cache
def translations(language: str) -> dict[str, str | list[str]]:
    """Map each English text to its translation, or to the singular and the plural. English itself needs none."""
    path = Path(__file__).parent / "translations" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): (
            message.string if isinstance(message.string, str) else list(message.string or ())
        )
        for message in messages
    }
