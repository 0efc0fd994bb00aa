"""Checks of the hub while connecting: TLS 1.3 from the first byte, both certificates, its version."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.errors import ConfigError
from shared.hub_address import version_refused
from shared.hub_login import ClientTls

_NEEDED: Final = "handshake_first: true"
_NOT_ACCEPTED: Final = "the hub does not accept this program's certificate"
_OWN_REFUSED: Final = ("CERTIFICATE", "UNKNOWN_CA")
"""In the names of TLS alerts that are about the certificate which this side has shown, or has not."""


def hub_tls(url: str, ca_file: Path | None, own: ClientTls | None = None) -> ssl.SSLContext | None:
    """The TLS settings for an address; None for one without TLS.

    `own`: what this program shows; its authorities count unless there is a `ca_file`. Raises `ConfigError` if
    the file of the hub's CA cannot be used.
    """
    if not url.startswith("tls://"):
        return None
    try:
        authorities = own.authorities if own is not None and ca_file is None else None
        context = ssl.create_default_context(cafile=ca_file, cadata=authorities)
    except OSError as error:  # also what ssl says of a file without certificates
        raise ConfigError(
            f"{ca_file} has no certificates of the hub's CA: {error.strerror or error}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if own is not None:
        _show(context, own.own)
    return context


def _show(context: ssl.SSLContext, own: str) -> None:
    # The library reads keys from files alone; this one is in memory and has no name.
    file = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        os.write(file, own.encode("ascii"))
        context.load_cert_chain(f"/proc/self/fd/{file}")
    except ssl.SSLError as error:
        raise ConfigError(f"this program's own certificate for TLS cannot be used: {error.reason}") from error
    finally:
        os.close(file)


def no_answer(url: str) -> str:
    """What to say of a hub that does not answer: one that speaks first, in clear, looks like a dead one."""
    private = url.startswith("tls://")
    return "the hub does not answer" + (f" (is {_NEEDED} in its tls section?)" if private else "")


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
        if "ALERT" in (reason := str(error.reason)) and any(word in reason for word in _OWN_REFUSED):
            raise ConfigError(
                f"{_NOT_ACCEPTED} ({reason}): it has expired, or is not "
                "of a CA that the hub's tls section names, or none was shown"
            ) from error
        raise ConfigError(
            f"the hub does not begin with TLS ({reason}); its tls section needs {_NEEDED}"
        ) from error


def certificate_ends_s(tls: ssl.SSLObject | ssl.SSLSocket | None) -> float | None:
    """When the certificate that the other side has shown ends, in seconds of the epoch; None without TLS."""
    shown = tls.getpeercert() if tls is not None else None
    return ssl.cert_time_to_seconds(str(shown["notAfter"])) if shown else None


def turned_away(error: Exception) -> bool:
    """Whether the hub did not let this program in, for what it showed."""
    return any(words in str(error) for words in (_NOT_ACCEPTED, "Authorization Violation"))


def require_recent(version: str) -> None:
    """Raises `ConfigError` if a hub of this version is not used."""
    if why := version_refused(version):
        raise ConfigError(f"the hub is refused: {why}")
