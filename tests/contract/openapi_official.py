"""The engine's own OpenAPI document, from its Java artifact, which Maven fetches."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

ARTIFACT = "org.camunda.bpm:camunda-engine-rest-openapi:7.24.0"

Json: TypeAlias = Mapping[str, Any]


class Missing(Exception):
    """Maven is not installed, or can't fetch the artifact."""


def official_document(folder: Path) -> Json:
    """Fetch the artifact into a folder, and read the document in it.

    :raises Missing: it can't be fetched.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("mvn is not installed")
    command = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
    run = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode:
        raise Missing(f"Maven can't fetch {ARTIFACT}: {run.stdout}{run.stderr}")
    [jar] = folder.glob("*.jar")
    with zipfile.ZipFile(jar) as archive:
        document: Json = json.loads(archive.read("openapi.json"))
    return document


def resolved(document: Json, part: Json) -> Json:
    """Return a part of the document, following it if it is a reference."""
    while "$ref" in part:
        found: Any = document
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def contents(document: Json, part: Json) -> dict[str, Json]:
    """Return the schema of a body or response by media type. References to schemas are kept."""
    described = resolved(document, part).get("content", {})
    return {media_type: essence(content["schema"]) for media_type, content in described.items()}


def essence(schema: Json) -> Json:
    """Return a schema without its descriptions, and without keys that change nothing."""
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("type", "format", "$ref"):
            kept[key] = value
        elif key == "items" or (key == "additionalProperties" and isinstance(value, dict)):
            kept[key] = essence(value)
    return kept


def schema_names(document: Json, part: object) -> set[str]:
    """Return the names of all schemas to which a part of the document refers, directly or indirectly."""
    found: set[str] = set()
    parts = [part]
    while parts:
        match parts.pop():
            case {"$ref": str(reference)} if (name := reference.removeprefix("#/components/schemas/")) not in found:
                found.add(name)
                parts.append(document["components"]["schemas"][name])
            case dict(mapping):
                parts += mapping.values()
            case list(items):
                parts += items
    return found
