"""`python -m tests.project.translations`: update the German texts from the pages and scripts of the demo.

It adds new texts without a translation to example_app/translations/de/LC_MESSAGES/messages.po. Fill them in, and run it
again: it writes the file that the app reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.support.pages import ROOT

APP = ROOT / "example_app"
TEXTS = APP / "translations" / "de" / "LC_MESSAGES" / "messages.po"
COMPILED = TEXTS.with_suffix(".mo")
METHODS = [("static/js/**.js", "javascript"), ("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"silent": "false"}, "static/js/**.js": {"parse_template_string": "true"}}


def said() -> Catalog:
    """Return all texts of the demo, in English."""
    found = Catalog()
    for *_, message, _, _ in extract_from_dir(APP, METHODS, OPTIONS, DEFAULT_KEYWORDS):
        found.add(message)
    return found


def german() -> Catalog:
    """Return the present German texts."""
    with TEXTS.open("rb") as file:
        return read_po(file, locale="de")


def main() -> None:
    """Write both files, and print the texts without a translation."""
    catalog = german()
    catalog.update(said(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with TEXTS.open("wb") as file:
        write_po(file, catalog, width=120, no_location=True, sort_output=True)
    with COMPILED.open("wb") as file:
        write_mo(file, catalog)
    missing = [message.id for message in catalog if not is_translated(message)]
    print(*(f"Not translated yet: {text}" for text in missing), sep="\n")


def is_translated(message: Message) -> bool:
    """Tell whether a text, or its singular and its plural, have a translation."""
    return all(forms(message.string))


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return a text, or its singular and its plural."""
    return (text,) if isinstance(text, str) else tuple(text or ("",))


if __name__ == "__main__":
    main()
