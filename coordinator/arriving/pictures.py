"""Opens, checks and stores the pictures that came beside an alert.

A problem with a picture is counted and is never a reason to refuse its alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlmodel import Session

from coordinator.alerts.service import Written
from coordinator.arriving.arrival import Authentic
from coordinator.evidence import service as evidence
from coordinator.evidence.service import Brought
from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key
from coordinator.sessions.tables import ExamSession
from shared.errors import Corrupt, Rejected, Unavailable
from shared.evidence import EvidenceHeader, Picture, PictureRef, onset_picture, open_picture, read_picture

FIRST_REVISION = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """The result: the first picture that can be shown, and the counts."""

    jpeg: bytes | None = None
    counts: tuple[str, ...] = ()


class _Unfit(Corrupt):
    """A picture that is not stored; `args[0]` is the reason in one word."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A stored alert and its message, signed by its node."""

    message: Authentic
    written: Written
    signer: Ed25519PublicKey


def take(db: Session, keyring: Keyring, arrived: Arrived, now_utc: datetime) -> Taken:
    """Store the pictures beside an alert. Raises `Unavailable` if our own keyring cannot open its key."""
    written = arrived.written
    counts: list[str] = []
    kept: dict[PictureRef, bytes] = {}
    for one in _brought(db, keyring, arrived):
        if isinstance(one, Picture) and not evidence.store(db, keyring, _of(written, one), now_utc):
            one = "key-destroyed"
        if isinstance(one, Picture):
            kept[one.ref] = one.jpeg
            counts.append("evidence-taken")
        else:
            counts += ["evidence-refused", f"evidence-refused:{one}"]
    named = written.alert.evidence_pictures
    if written.revision == FIRST_REVISION:
        counts += ["evidence-missing" for ref in named if ref not in kept]
    return Taken(next(iter(kept.values()), None), tuple(counts))


def _of(written: Written, picture: Picture) -> Brought:
    return Brought(session=written.session, alert_id=written.alert.event_id, picture=picture)


def _brought(db: Session, keyring: Keyring, arrived: Arrived) -> Iterator[Picture | str]:
    """Each picture, or the reason in one word why it is not stored."""
    written = arrived.written
    if written.jpeg is not None:
        inside = onset_picture(written.alert.event_id, written.jpeg)
        yield inside if inside.ref in written.alert.evidence_pictures else "not-named"
    for parcel in arrived.message.beside:
        try:
            yield _opened(db, keyring, arrived, parcel)
        except _Unfit as unfit:
            yield str(unfit)


def _opened(db: Session, keyring: Keyring, arrived: Arrived, message: bytes) -> Picture:
    try:
        sealed = read_picture(message, arrived.signer)
    except Corrupt as error:
        raise _Unfit("malformed") from error
    ref = _ref(sealed.header, arrived)
    private = _private(keyring, _key(db, sealed.header.key_id, arrived.written.session))
    try:
        return open_picture(sealed, ref, private)
    except Corrupt as error:
        raise _Unfit("does-not-open") from error


def _ref(header: EvidenceHeader, arrived: Arrived) -> PictureRef:
    """The alert's reference to a picture."""
    about = arrived.message.header
    expected = EvidenceHeader(
        evidence_id=header.evidence_id,
        alert_id=about.alert_id,
        session_id=about.session_id,
        tenant_id=about.tenant_id,
        node_id=about.node_id,
        key_id=header.key_id,
    )
    if header != expected:
        raise _Unfit("another-alert")
    for ref in arrived.written.alert.evidence_pictures:
        if ref.id == header.evidence_id:
            return ref
    raise _Unfit("not-named")


def _key(db: Session, key_id: UUID, session: ExamSession) -> Key:
    key = db.get(Key, key_id)
    if key is None or key.kind is not KeyKind.SEALING or _owner(key) != evidence.owner_of(session):
        raise _Unfit("wrong-key")
    return key


def _owner(key: Key) -> Owner:
    return Owner(key.tenant_id, key.candidate_id, key.retention_class, key.scope)


def _private(keyring: Keyring, key: Key) -> X25519PrivateKey:
    try:
        return keyring.open_private(key)
    except Rejected as error:
        raise _Unfit("key-destroyed") from error
    except Corrupt as error:
        raise Unavailable("the keyring cannot open an evidence key", code="keyring") from error
