"""The base of every body of the REST API: requests refuse unknown fields, responses are frozen.

Errors are RFC 9457 problem details (`Problem`).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

MAX_PICTURE_BASE64_CHARS = 5_592_408
"""4 MiB of picture in base64."""
MAX_BODY_BYTES = 30 * 1_048_576
"""Five pictures and their envelope."""


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Response(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(Response):
    """RFC 9457. `type` ends in the stable `code`; `errors` names each wrong field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, JsonValue]] = []
