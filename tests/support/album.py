"""Pictures of alerts, for tests that make alerts first and send their pictures with them later."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.alerts import Alert, AlertHeader, Shown
from shared.bundles import bundled, framed
from shared.evidence import EvidenceHeader, Picture, PictureRef, onset_picture, seal_picture
from shared.sealing import new_sealing_key, parse_sealing_public

EVIDENCE_KEY = new_sealing_key()
"""What the orders and envelopes of tests say pictures are to be sealed to."""
JPEG = b"\xff\xd8\xff" + b"A" * 8_000
_TAKEN: dict[PictureRef, bytes] = {}


def pictured(alert_id: UUID, jpeg: bytes = JPEG) -> tuple[PictureRef, ...]:
    """What an alert says of its picture; the picture itself is kept here."""
    picture = onset_picture(alert_id, jpeg)
    _TAKEN[picture.ref] = jpeg
    return (picture.ref,)


def pictures_of(alert: Alert) -> tuple[Picture, ...]:
    return tuple(Picture(ref, _TAKEN[ref]) for ref in alert.evidence_pictures)


def shown(alert: Alert) -> Shown:
    return Shown(alert, next((one.jpeg for one in pictures_of(alert)), None))


def parcels(
    pictures: Sequence[Picture], about: AlertHeader, key_id: UUID, seal_to: str, signing: Ed25519PrivateKey
) -> list[bytes]:
    """Pictures of an alert as its node seals them."""
    key = parse_sealing_public(seal_to)
    return [seal_picture(one.jpeg, _header(one, about, key_id), signing, key) for one in pictures]


def with_parcels(message: bytes, beside: Sequence[bytes]) -> bytes:
    return bundled(message, framed(beside) or None)


def _header(picture: Picture, about: AlertHeader, key_id: UUID) -> EvidenceHeader:
    return EvidenceHeader(
        evidence_id=picture.ref.id,
        alert_id=about.alert_id,
        session_id=about.session_id,
        tenant_id=about.tenant_id,
        node_id=about.node_id,
        key_id=key_id,
    )
