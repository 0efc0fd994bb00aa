"""Which UDP ports media use. Pure."""

from __future__ import annotations

from typing import Final

LEAST_PORT: Final = 1_024
"""Smaller ports belong to other services; no browser, NAT or relay uses them for media."""
