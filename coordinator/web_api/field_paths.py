"""The path by which a refusal names a wrong field of a request. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def path_of(location: Sequence[object]) -> str:
    """`("body", "images", 0, "text")` as `body.images.0.text`, each part cut to 100 characters."""
    return ".".join(str(part)[:100] for part in location)
