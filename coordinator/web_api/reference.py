"""Pages about the API for the site, from its OpenAPI description: one with every operation, one per subject.
Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Described = Mapping[str, Any]

INTRODUCTION: Final = """# API

Made from `coordinator/openapi.json`, the OpenAPI 3.1 description that every coordinator serves at
`/api/v1/openapi.json`; programs read that, with every field and bound. How the parts go together stands in
[Integrate](integrate.md).

A call carries `Authorization: Bearer TOKEN`. Errors are problem details (RFC 9457) with a stable `code`; a
refused request changes nothing. A list comes in pages: pass `next_cursor` as `cursor`. With an
`Idempotency-Key` a repeated POST gets the first answer again."""


def pages(api: Described) -> dict[str, str]:
    """The pages by their file's name."""
    subjects: dict[str, list[tuple[str, str, Described]]] = {}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            subjects.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    schemas = api["components"]["schemas"]
    of_subjects = {
        f"api/{_named(subject)}.md": "\n\n".join(_subject(subject, rows, schemas)) + "\n"
        for subject, rows in subjects.items()
    }
    return {"api.md": "\n\n".join((INTRODUCTION, *_index(subjects))) + "\n", **of_subjects}


def _index(subjects: Mapping[str, list[tuple[str, str, Described]]]) -> Iterator[str]:
    for subject, rows in subjects.items():
        yield f"## {subject.capitalize()}"
        lines = (
            f"| [`{method} {path}`](api/{_named(subject)}.md#{operation['operationId']}) "
            f"| {_first_sentence(operation)} |"
            for method, path, operation in rows
        )
        yield "\n".join(("| operation | |", "| --- | --- |", *lines))


def _subject(subject: str, rows: list[tuple[str, str, Described]], schemas: Described) -> Iterator[str]:
    yield f"# {subject.capitalize()}"
    for method, path, operation in rows:
        yield f"## `{method} {path}` {{ #{operation['operationId']} }}"
        yield operation.get("description", "")
        if parameters := operation.get("parameters"):
            yield "\n".join(("| parameter | in | |", "| --- | --- | --- |", *map(_parameter, parameters)))
        yield from _body("Body", operation.get("requestBody", {}), schemas)
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                yield from _body(f"Answer {status}", answer, schemas)
        refusals = [status for status in operation["responses"] if not status.startswith("2")]
        yield f"Refusals: {', '.join(refusals)}." if refusals else ""


def _parameter(one: Described) -> str:
    needed = "" if one.get("required") else " (optional)"
    said = " ".join(one.get("description", "").split()).replace("|", "\\|")
    return f"| `{one['name']}`{needed} | {one['in']} | {said} |"


def _body(title: str, body: Described, schemas: Described) -> Iterator[str]:
    """What is sent or answered: the name of its schema, and an example where there is one."""
    for kind, content in body.get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        yield f"{title}: `{name or kind}`"
        examples = schemas.get(name, {}).get("examples", [])
        if examples:
            shown = json.dumps(examples[0], indent=2, ensure_ascii=False)
            yield "\n".join(f"    {line}" for line in shown.split("\n"))


def _first_sentence(operation: Described) -> str:
    text = " ".join(operation.get("description", operation["summary"]).split("\n\n")[0].split())
    return re.split(r"(?<=\.) ", text)[0].replace("|", "\\|")


def _named(subject: str) -> str:
    """A file's name for a subject."""
    return re.sub(r"[^a-z]+", "-", subject.lower())
