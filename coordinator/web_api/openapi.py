"""The OpenAPI 3.1 description: stable operation ids, and every refusal declared as a problem document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from coordinator.web_api.errors import MEDIA_TYPE
from shared.api.bodies import Problem
from shared.api.enrollments import EnrollRequest
from shared.api.faces import PracticeRequest

READ_BY_ROUTES: Final = (EnrollRequest, PracticeRequest)
"""Bodies that are in no signature, because their route reads them itself."""
ALWAYS: Final = (400, 413, 422, 503)
"""Refusals that any route may give."""


def operation_id(route: APIRoute) -> str:
    """The function's name: so generated clients keep their names when paths or tags change."""
    return route.name


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these statuses, in addition to the general ones.

    A route that needs a token (401) may also refuse too many requests (429).
    """
    often = {429} if 401 in statuses else set()
    # No model: FastAPI would build its reader and writer for each status of each route, a tenth of the
    # coordinator's start, and nobody would use them.
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
        }
        for status in sorted({*ALWAYS, *often, *statuses})
    }


def takes(body: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads this body itself; list the body in `READ_BY_ROUTES`."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _ref(body)}}}}


def _ref(body: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{body.__name__}"}


def describe(app: FastAPI, examples: Mapping[str, Mapping[str, Any]]) -> None:
    """Add an example per body, by its name, to the description, and the media type of problem documents."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            _, read = models_json_schema(
                [*((body, "validation") for body in READ_BY_ROUTES), (Problem, "serialization")],
                ref_template="#/components/schemas/{model}",
            )
            schema["components"]["schemas"] |= read["$defs"]
            for name, example in examples.items():
                schema["components"]["schemas"][name]["examples"] = [example]
            for path in schema["paths"].values():
                for operation in path.values():
                    _as_problems(operation["responses"])
            app.openapi_schema = schema
        return app.openapi_schema

    replaced: Callable[[], dict[str, Any]] = described
    app.openapi = replaced  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema


def _as_problems(responses: dict[str, dict[str, Any]]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if status.isdigit() and int(status) >= 400 and "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")
