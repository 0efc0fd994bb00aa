"""Reading a node's metrics as Prometheus would."""

from __future__ import annotations

import httpx


def reading(url: str, name: str, **labels: str) -> float:
    """One value of `url`/metrics; 0 when it is not there yet."""
    wanted = f"{name}{{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    wanted = wanted if labels else name
    for line in httpx.get(f"{url}/metrics", timeout=5.0).text.splitlines():
        if line.startswith(wanted + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0.0
