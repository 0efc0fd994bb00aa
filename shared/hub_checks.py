"""Checks of the hub while connecting: TLS 1.3 from the first byte, its certificate, its version."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.errors import ConfigError
from shared.hub_address import version_refused

_NEEDED: Final = "handshake_first: true"


def hub_tls(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """The TLS settings for an address; None for one without TLS.

    Raises `ConfigError` if the file of the hub's CA cannot be used.
    """
    if not url.startswith("tls://"):
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # also what ssl says of a file without certificates
        raise ConfigError(
            f"{ca_file} has no certificates of the hub's CA: {error.strerror or error}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def no_answer(tls: ssl.SSLContext | None) -> str:
    """What to say of a hub that does not answer: one that speaks first, in clear, looks like a dead one."""
    return "the hub does not answer" + ("" if tls is None else f" (is {_NEEDED} in its tls section?)")


@contextmanager
def tls_named() -> Iterator[None]:
    """Translate failures of TLS inside the block to `ConfigError`, with what to change."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ConfigError(
            f"the hub's certificate is not accepted: {error.verify_message}; "
            "name the file of its CA in ca_file of [nats]"
        ) from error
    except ssl.SSLError as error:
        raise ConfigError(
            f"the hub does not begin with TLS ({error.reason}); its tls section needs {_NEEDED}"
        ) from error


def require_recent(version: str) -> None:
    """Raises `ConfigError` if a hub of this version is not used."""
    if why := version_refused(version):
        raise ConfigError(f"the hub is refused: {why}")
