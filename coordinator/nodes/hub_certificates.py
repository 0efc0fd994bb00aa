"""Certificates of hub and coordinator for TLS, and what the hub's configuration says of them. Pure.

    hub.pem, hub.key    the hub's own certificate and key
    ca.pem              the fleet's CA: only who shows a certificate of it may speak to the hub

The coordinator makes itself a certificate for each connection; its key is in memory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from shared.certificates import certificate_text, client_certificate, private_text, server_certificate
from shared.hub_login import ClientTls
from shared.node_lifetimes import BACKDATED, Lifetime, new_lifetime

HUB_LIFETIME: Final = timedelta(days=90)
HUB_CERTIFICATE: Final = "hub.pem"
HUB_KEY: Final = "hub.key"
HUB_CA: Final = "ca.pem"
_COORDINATOR: Final = "coordinator"


@dataclass(frozen=True, slots=True)
class Issuer:
    """The CA that certifies, and the CAs that are accepted."""

    key: EllipticCurvePrivateKey = field(repr=False)
    authorities: str
    """PEM."""


def coordinators_tls(
    issuer: Issuer, own: EllipticCurvePrivateKey, serial: int, now_utc: datetime
) -> ClientTls:
    """What the coordinator shows to the hub in one connection."""
    made = client_certificate(
        issuer.key, own.public_key(), _COORDINATOR, serial=serial, lifetime=new_lifetime(now_utc)
    )
    return ClientTls(own=private_text(own) + certificate_text(made), authorities=issuer.authorities)


def hub_files(
    issuer: Issuer, own: EllipticCurvePrivateKey, hosts: Sequence[str], serial: int, now_utc: datetime
) -> dict[str, str]:
    """The files that the hub needs to be reached at these names and addresses, by their names."""
    lifetime = Lifetime(begins_utc=now_utc - BACKDATED, ends_utc=now_utc + HUB_LIFETIME)
    made = server_certificate(issuer.key, own.public_key(), hosts, serial=serial, lifetime=lifetime)
    return {
        HUB_CERTIFICATE: certificate_text(made),
        HUB_KEY: private_text(own),
        HUB_CA: issuer.authorities,
    }


def tls_settings(folder: PurePath) -> dict[str, object]:
    """The part `tls` of the hub's configuration, with the files in this folder."""
    return {
        "cert_file": str(folder / HUB_CERTIFICATE),
        "key_file": str(folder / HUB_KEY),
        "ca_file": str(folder / HUB_CA),
        "verify": True,
        "handshake_first": True,
        "min_version": "1.3",
        "timeout": 5,
    }
