"""Reading a node's metrics as Prometheus would."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.support.asking import http


def reading(url: str, name: str, **labels: str) -> float:
    """The sum of all values of `url`/metrics with this name and these labels; 0 when there is none yet."""
    lines = http().get(f"{url}/metrics").text.splitlines()
    asked = "".join(f"{line}\n" for line in lines if line.startswith(name))
    return sum(
        sample.value
        for family in text_string_to_metric_families(asked)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
