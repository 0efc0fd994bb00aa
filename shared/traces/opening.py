"""Opens the traces of a daemon that wants them; others do not load OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.traces.section import TracesSection

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


def traces_of(section: TracesSection, service: str, instance: str) -> Traces | None:
    """Traces to the collector of these settings; None where they name none.

    Raises `ConfigError` when the authorization file cannot be used.
    """
    if section.url is None:
        return None
    from shared.traces.exporting import Traces

    return Traces.to_collector(section.url, section.read_headers(), service=service, instance=instance)
