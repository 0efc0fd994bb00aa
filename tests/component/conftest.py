"""What component tests of more than one package share."""

from __future__ import annotations

from tests.support.chromium import browser

__all__ = ["browser"]
