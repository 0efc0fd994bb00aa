"""How a refusal names the field of a request that is wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def path_of(location: Sequence[object]) -> str:
    """`("body", "images", 0, "text")` as `body.images.0.text`, each part cut to 100 characters."""
    return ".".join(str(part)[:100] for part in location)
