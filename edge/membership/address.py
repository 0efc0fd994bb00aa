"""Decides by its address whether a coordinator may be asked. Pure: another machine only by https."""

from __future__ import annotations

from urllib.parse import urlsplit

from shared.errors import ConfigError
from shared.hub_address import on_this_machine


def usable(url: str) -> str:
    """A coordinator's address without the last slash. Raises `ConfigError` for one that may not be used."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        not host
        or parts.scheme not in ("http", "https")
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ConfigError("the coordinator's address must be https://HOST or https://HOST:PORT")
    if parts.scheme == "http" and not on_this_machine(url.strip()):
        raise ConfigError(f"{host} is another machine, so the coordinator must be reached by https://")
    return url.strip().rstrip("/")
