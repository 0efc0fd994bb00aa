"""The part of the client for the audit log."""

from __future__ import annotations

from pathlib import Path

from cli.calls import Calls, path_of
from shared.api.audit import AuditEntryOut, AuditPage


class AuditCalls:
    """Calls about the audit log, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def entries(self, filters: dict[str, str], most: int | None) -> list[AuditEntryOut]:
        """Entries of the audit log, oldest first."""
        return self._calls.pages(path_of("audit"), AuditPage, most, filters)

    def export(self, file: Path, after: int) -> int:
        """Write the audit log to a file; returns its bytes."""
        return self._calls.save(path_of("audit", "export"), {"after": str(after)}, file)

    def checkpoints(self, file: Path) -> int:
        """Write the checkpoints that the hub has to a file; returns its bytes."""
        return self._calls.save(path_of("audit", "checkpoints"), {}, file)
