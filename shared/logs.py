"""JSON logs on standard error, one object a line (SPEC 8).

The message is a fixed sentence about machines; whatever varies goes into `extra` under one of the allowed
names, all of them internal ids or measures. Other extras are dropped here, so a candidate's id, a token or
an exception's text that quotes a request cannot slip into a log by carelessness.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

from shared.fields import format_utc

FIELDS: Final = frozenset(
    {
        "alert_id", "code", "command", "count", "device", "duration_s", "error", "event", "lane", "level",
        "method", "node_id", "path", "port", "reason", "sequence", "session_id", "status", "task",
        "tenant_id", "trace_id", "url", "version",
    }
)  # fmt: skip
"""Names of the structured fields that may be logged."""


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
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure(service: str, level: str = "INFO") -> None:
    """Send every logger of this process through the JSON formatter; third-party ones from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("edge", "coordinator", "models", "shared", "cli"):
        logging.getLogger(name).setLevel(level)
