"""Opens the pictures beside an alert and checks them against it.

A problem with a picture is counted and is never a reason to refuse its alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.alerts.service import Written
from coordinator.arriving.arrival import Authentic
from coordinator.evidence.service import Brought, EvidenceKeys
from coordinator.ground.keyring import HeldKey, Keyring
from shared.errors import Corrupt, Rejected, Unavailable
from shared.evidence import EvidenceHeader, Picture, PictureRef, onset_picture, open_picture, read_picture
from shared.hybrid import Opener

FIRST_REVISION = 1


@dataclass(frozen=True, slots=True)
class TakenPictures:
    """The result: the pictures to store, and the counts."""

    pictures: tuple[Brought, ...] = ()
    counts: tuple[str, ...] = ()

    @property
    def jpeg(self) -> bytes | None:
        """The first picture that can be shown."""
        return self.pictures[0].picture.jpeg if self.pictures else None


class _Unfit(Corrupt):
    """A picture that is not stored; `args[0]` is the reason in one word."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An alert that may be stored, and its message, signed by its node."""

    message: Authentic
    written: Written
    keys: EvidenceKeys
    signer: Ed25519PublicKey


def take(keyring: Keyring, arrived: Arrived) -> TakenPictures:
    """Open the pictures beside an alert. Raises `Unavailable` if our own keyring cannot open its key."""
    written, data = arrived.written, arrived.keys.data
    counts: list[str] = []
    kept: dict[PictureRef, Brought] = {}
    for one in _brought(keyring, arrived):
        if isinstance(one, Picture) and data is not None:
            counts.append("evidence-taken")
            kept[one.ref] = Brought(
                session=written.session, alert_id=written.alert.event_id, picture=one, key=data
            )
        else:
            why = "key-destroyed" if isinstance(one, Picture) else one
            counts += ["evidence-refused", f"evidence-refused:{why}"]
    named = written.alert.evidence_pictures
    if written.revision == FIRST_REVISION:
        counts += ["evidence-missing" for ref in named if ref not in kept]
    return TakenPictures(tuple(kept.values()), tuple(counts))


def _brought(keyring: Keyring, arrived: Arrived) -> Iterator[Picture | str]:
    """Each picture, or the reason in one word why it is not stored."""
    written = arrived.written
    if written.jpeg is not None:
        inside = onset_picture(written.alert.event_id, written.jpeg)
        yield inside if inside.ref in written.alert.evidence_pictures else "not-named"
    for parcel in arrived.message.beside:
        try:
            yield _opened(keyring, arrived, parcel)
        except _Unfit as unfit:
            yield str(unfit)


def _opened(keyring: Keyring, arrived: Arrived, message: bytes) -> Picture:
    try:
        sealed = read_picture(message, arrived.signer)
    except Corrupt as error:
        raise _Unfit("malformed") from error
    ref = _ref(sealed.header, arrived)
    key = arrived.keys.sealing.get(sealed.header.key_id)
    if key is None:
        raise _Unfit("wrong-key")
    private = _private(keyring, key)
    try:
        return open_picture(sealed, ref, private)
    except Corrupt as error:
        raise _Unfit("does-not-open") from error


def _ref(header: EvidenceHeader, arrived: Arrived) -> PictureRef:
    """The alert's reference to a picture."""
    about = arrived.message.header
    told = (header.alert_id, header.session_id, header.tenant_id, header.node_id)
    if told != (about.alert_id, about.session_id, about.tenant_id, about.node_id):
        raise _Unfit("another-alert")
    for ref in arrived.written.alert.evidence_pictures:
        if ref.id == header.evidence_id:
            return ref
    raise _Unfit("not-named")


def _private(keyring: Keyring, key: HeldKey) -> Opener:
    try:
        return keyring.open_private(key)
    except Rejected as error:
        raise _Unfit("key-destroyed") from error
    except Corrupt as error:
        raise Unavailable("the keyring cannot open an evidence key", code="keyring") from error
