"""JSON logs on standard error, one object per line.

The message is a fixed sentence about machines; variable values go to `extra` under one of the allowed names,
all of them internal ids or measurements. Other extras are dropped here, and so is the text of foreign
exceptions, because it quotes input: a validation error its value, a database error its parameters. So a
candidate's id, a token or spoken words cannot get into a log by mistake.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from shared.errors import ProctorError
from shared.fields import format_utc

FIELDS: Final = frozenset(
    {
        "alert_id", "code", "command", "count", "degradation_level", "device", "duration_s", "error", "event",
        "lane", "method", "node_id", "path", "port", "reason", "sequence", "session_id", "status", "task",
        "tenant_id", "trace_id", "url", "version",
    }
)  # fmt: skip
"""Names of the structured fields that may be logged."""


MAX_CHAIN: Final = 16
"""The most chained causes written."""


class JsonFormatter(logging.Formatter):
    """One log record as one JSON object."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "timestamp": format_utc(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in record.__dict__.items() if name in FIELDS}
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = "".join(_told(record.exc_info[1]))
        return json.dumps(entry, default=str, ensure_ascii=False)


def _told(error: BaseException | None, depth: int = 0) -> Iterator[str]:
    """Where an exception and its causes were raised, the first cause first; for our own errors and the
    system's with their text."""
    if error is None or depth > MAX_CHAIN:
        return
    yield from _told(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__), depth + 1
    )
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(each, depth + 1)
    yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    text = f": {error}" if isinstance(error, ProctorError | OSError) else ""
    yield f"{kind.__module__}.{kind.__qualname__}{text}\n"


def means_something(record: logging.LogRecord) -> bool:
    """False for the one remark that asyncio makes of itself whenever a TLS connection of the hub's client
    ends: its stream protocol answers for a transport without TLS."""
    return not (record.name == "asyncio" and "eof_received() has no effect" in str(record.msg))


def configure(service: str, level: str = "INFO") -> None:
    """Use the JSON formatter for all loggers of this process; third-party ones from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    handler.addFilter(means_something)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("edge", "coordinator", "models", "shared", "cli"):
        logging.getLogger(name).setLevel(level)
