"""Checks a message of the stream before its alert is stored: sender, session and content.

Six things can be wrong with a message, each with its own consequence:

    Forged      not signed by a known node           dropped and counted; does not advance a mark
    TooEarly    its session is not known yet         redelivered while `start` may still commit, then parked
    Doubtful    perhaps not the node's fault         redelivered, then parked: kept whole for an operator
    Behind      its assignment is not recorded here  redelivered, if necessary for ever: no mark covers it
    Refused     authentic, but never an alert        the refusal is recorded; its sequence is settled
    Unavailable our own database or keyring failed   redelivered; nothing is lost meanwhile
"""

from __future__ import annotations

from dataclasses import dataclass

from coordinator.alerts.service import Written
from coordinator.arriving.assigned import Objection, happened_utc, objection
from coordinator.arriving.sittings_service import Sitting
from coordinator.candidates.former import under_names, was_named
from coordinator.ground.keyring import HeldKey, Keyring
from coordinator.nodes.signers import Signers
from coordinator.sessions.tables import ExamSession
from shared import subjects
from shared.alerts import Alert, AlertHeader, Shown, decode_shown, encode_alert
from shared.bundles import unbundled
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.table import lane
from shared.messages.message import parse
from shared.sealing import Parcel, open_body, unpack, verify


class Forged(Corrupt):
    """Not a message of a known node; `args[0]` is the reason in one word."""


class Refused(Corrupt):
    """An authentic message that will never be an alert; `args[0]` is the reason in one word."""


class TooEarly(Unavailable):
    """The session is not known (yet)."""


class Doubtful(Unavailable):
    """The message cannot be judged: the sender's clock may be fast, or it may be newer than this program."""


class Behind(Unavailable):
    """The session is known, but this assignment of it is not (yet)."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """A message with a valid signature; its body is still sealed."""

    header: AlertHeader
    parcel: Parcel
    beside: tuple[bytes, ...]
    """The unchecked bytes of its pictures."""


def authenticate(subject: str, data: bytes, signers: Signers) -> Authentic:
    """Verify that a message is a node's under its own subject. Raises `Forged` otherwise."""
    try:
        node_id = subjects.node_of(subject)
        bundle = unbundled(data)
        parcel = unpack(bundle.message)
    except Corrupt as error:
        raise Forged("malformed") from error
    if node_id not in signers:
        raise Forged("unknown-node")
    try:
        verify(parcel, signers[node_id])
    except Corrupt as error:
        raise Forged("bad-signature") from error
    try:
        header = parse(AlertHeader, parcel.header)
    except Corrupt as error:
        raise Forged("bad-header") from error
    if subjects.alert(header.node_id, header.lane) != subject:
        raise Forged("wrong-subject")
    return Authentic(header, parcel, bundle.beside)


def admit(
    keyring: Keyring, message: Authentic, sitting: Sitting | None, skew_s: float | None = None
) -> Written:
    """Open and check an authentic message's alert against its session and the session's assignments.

    `skew_s`: how far its node's clock is ahead, as measured. Raises `TooEarly`, `Doubtful`, `Behind`,
    `Refused`, or `Unavailable` if our own keyring cannot open the session's key.
    """
    header = message.header
    if sitting is None:
        raise TooEarly("unknown-session")
    session = sitting.session
    _check_header(header, session)
    body = _opened(keyring, sitting.seal_key, message.parcel)
    shown = _read(body)
    if not _is_of(shown.alert, sitting):
        raise Refused("wrong-person")
    alert = under_names(shown.alert, session.reference, sitting.candidate)
    if alert is not shown.alert:
        body = encode_alert(alert)
    _check_alert(header, alert)
    against = objection(header, happened_utc(header, alert), sitting.held, skew_s)
    if against is Objection.PERHAPS_AFTER:
        raise Doubtful(against.reason)
    if against is not None:
        raise Refused(against.reason) if against.final else Behind(against.reason)
    return Written(
        session=session,
        alert=alert,
        revision=header.revision,
        node_id=header.node_id,
        epoch=header.epoch,
        jpeg=shown.jpeg,
        body=body if shown.jpeg is None else None,
    )


def _is_of(alert: Alert, sitting: Sitting) -> bool:
    """Whether an alert names its session and its person, perhaps by names that were corrected since."""
    session, former = sitting.session, sitting.former
    named = (
        (session.id, session.reference, alert.exam_session_id),
        (session.candidate_id, sitting.candidate, alert.candidate_id),
    )
    return alert.exam_id == session.exam_reference and all(
        said == present or was_named(owner, said, former) for owner, present, said in named
    )


def _check_header(header: AlertHeader, session: ExamSession) -> None:
    if header.tenant_id != session.tenant_id:
        raise Refused("wrong-tenant")
    if header.key_id != session.seal_key_id:
        raise Refused("wrong-key")


def _check_alert(header: AlertHeader, alert: Alert) -> None:
    if alert.event_id != header.alert_id or alert.event_id.version != 5:
        raise Refused("wrong-id")
    if alert.metadata.node != header.node_id:
        raise Refused("wrong-node")
    if (alert.event_class, lane(alert.event_type)) != (header.event_class, header.lane):
        raise Refused("wrong-class")
    if header.revision == 2 and alert.cleared is None:
        raise Refused("wrong-revision")


def _opened(keyring: Keyring, key: HeldKey, parcel: Parcel) -> bytes:
    try:
        private = keyring.open_private(key)
    except Rejected as error:
        raise Refused("key-destroyed") from error
    except Corrupt as error:
        # Not the node's fault: with a wrong master key every alert would be refused and lost.
        raise Unavailable("the keyring cannot open a session's key", code="keyring") from error
    try:
        return open_body(parcel, private)
    except Corrupt as error:
        raise Refused("does-not-open") from error


def _read(body: bytes) -> Shown:
    try:
        return decode_shown(body)
    except Corrupt as error:
        # A node that was updated before this program may report what is unknown here.
        raise Doubtful("no-alert") from error
