"""Decides how long a node's identity lasts, when it is renewed, and who may join or renew. Pure.

`now` comes in, the decision and the next instant go out. A node renews with its own key, also after its
certificate has ended: being offline takes no node out of the fleet, only its administrator does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

CERTIFICATE_LIFETIME: Final = timedelta(hours=24)
BACKDATED: Final = timedelta(minutes=5)
"""A certificate is good that long before it is made, for clocks that are slow."""
TOKEN_LIFETIME: Final = timedelta(minutes=15)
RETRY_AFTER: Final = timedelta(minutes=5)
"""The longest wait after a renewal that failed."""
REPEATABLE: Final = timedelta(minutes=5)
"""A request for a certificate may come again for so long. Each has new keys, so a later one is a copy: it
would give a new lifetime to keys that the node has thrown away."""
FIRST_RETRY: Final = timedelta(seconds=10)


class CertificateRefusal(StrEnum):
    """Why a node does not get a certificate."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_KEY = "other-key"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """From when to when a certificate is good."""

    begins_utc: datetime
    ends_utc: datetime

    @property
    def renew_utc(self) -> datetime:
        """After two thirds of its life; the last third is for a coordinator that is away."""
        return self.begins_utc + (self.ends_utc - self.begins_utc) * 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """What the coordinator knows of a join token."""

    made_utc: datetime
    used_utc: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNode:
    """What the coordinator knows of a node that asks for a renewal."""

    signing_key: str
    revoked: bool


def new_lifetime(now_utc: datetime) -> Lifetime:
    """Of a certificate that is made now."""
    return Lifetime(begins_utc=now_utc - BACKDATED, ends_utc=now_utc + CERTIFICATE_LIFETIME)


def join_refused(token: KeptToken | None, now_utc: datetime) -> CertificateRefusal | None:
    """Why this token lets nobody join now; None if it does, once."""
    if token is None:
        return CertificateRefusal.UNKNOWN
    if token.used_utc is not None:
        return CertificateRefusal.USED
    return None if now_utc < token.made_utc + TOKEN_LIFETIME else CertificateRefusal.EXPIRED


def renewal_refused(node: KnownNode | None, signing_key: str) -> CertificateRefusal | None:
    """Why a node that has proved this key gets no new certificate; None if it does.

    When its last certificate ended does not matter.
    """
    if node is None:
        return CertificateRefusal.UNKNOWN
    if node.revoked:
        return CertificateRefusal.REVOKED
    return None if node.signing_key == signing_key else CertificateRefusal.OTHER_KEY


def repeated(first_begins_utc: datetime | None, now_utc: datetime) -> bool:
    """Whether a request for a certificate is a copy of an old one. `first_begins_utc`: when the first
    certificate for its keys began; None: there was none."""
    return first_begins_utc is not None and first_begins_utc + BACKDATED + REPEATABLE <= now_utc


def renew_at(
    lifetime: Lifetime,
    now_utc: datetime,
    failures: int,
    *,
    renewed_utc: datetime | None = None,
    turned_away: bool = False,
) -> datetime:
    """When to ask for a new certificate next, after this number of failed tries.

    `renewed_utc`: when the last one was given. A node whose clock is fast would otherwise ask all the time.
    `turned_away`: the hub does not let the node in, so its keys may have changed.
    """
    if not failures:
        earliest = now_utc if renewed_utc is None else max(now_utc, renewed_utc + RETRY_AFTER)
        return earliest if turned_away else max(lifetime.renew_utc, earliest)
    return now_utc + min(FIRST_RETRY * (1 << min(failures - 1, 10)), RETRY_AFTER)
