"""The German texts of the demo are complete, and the compiled file is up to date."""

from __future__ import annotations

import re

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from tests.project.translations import COMPILED, forms, german, is_translated, said

RUN = "run python -m tests.project.translations"
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def test_exactly_the_texts_of_the_demo_are_translated() -> None:
    assert {message.id for message in german()} == {message.id for message in said()} | {""}, RUN
    assert [message.id for message in german() if not is_translated(message)] == [], "fill in the empty texts"


def test_the_compiled_texts_are_up_to_date() -> None:
    with COMPILED.open("rb") as file:
        read = read_mo(file)
    assert texts(read) == texts(german()), RUN


def texts(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {forms(message.id): forms(message.string) for message in catalog if message.id}


def test_translations_fill_in_the_same_values() -> None:
    for message in (message for message in german() if message.id):
        given, filled = ({*PLACES.findall(" ".join(forms(one)))} for one in (message.id, message.string))
        assert filled <= given, message.id
