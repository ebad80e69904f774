"""The German texts of the demo: whole, and as compiled as they are written."""

from __future__ import annotations

import re

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from tests.project.translations import COMPILED, forms, german, is_translated, said

RUN = "run python -m tests.project.translations"
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def test_every_text_is_translated_and_no_other() -> None:
    assert {message.id for message in german()} == {message.id for message in said()} | {""}, RUN
    assert [message.id for message in german() if not is_translated(message)] == [], "fill in the empty texts"


def test_the_app_reads_what_is_written() -> None:
    with COMPILED.open("rb") as file:
        read = read_mo(file)
    assert texts(read) == texts(german()), RUN


def texts(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {forms(message.id): forms(message.string) for message in catalog if message.id}


def test_translations_fill_in_the_same_values() -> None:
    for message in (message for message in german() if message.id):
        given, filled = ({*PLACES.findall(" ".join(forms(one)))} for one in (message.id, message.string))
        assert filled <= given, message.id
