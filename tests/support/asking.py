"""Asking the programs of a test over HTTP, again and again until they are as far."""

from __future__ import annotations

from functools import cache

import httpx


@cache
def http() -> httpx.Client:
    """One client for a process: each new one reads all certificates of this machine, which takes longer than
    a hundred requests. It keeps no connection open, for programs are killed and come back."""
    return httpx.Client(timeout=5.0, limits=httpx.Limits(max_keepalive_connections=0))
