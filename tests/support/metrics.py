"""Reading a node's metrics as Prometheus would."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families


def reading(url: str, name: str, **labels: str) -> float:
    """The sum of all values of `url`/metrics with this name and these labels; 0 when there is none yet."""
    text = httpx.get(f"{url}/metrics", timeout=5.0).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
