"""The part of the REST API about the log of features: one method per call."""

from __future__ import annotations

from pathlib import Path

from cli.calls import Calls, path_of


class FeatureCalls:
    """Calls about logged features, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def export(self, exam_id: str, file: Path) -> int:
        """Write an exam's log to a file; returns its bytes."""
        return self._calls.save(path_of("features", "export"), {"exam_id": exam_id}, file)
