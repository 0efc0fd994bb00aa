"""Checks and stores a node's messages of logged features. Flushes, never commits.

A message that cannot be stored is dropped and counted: it is no record, and what is missing is named as a gap
in the export.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from coordinator.features import service as features
from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.signers import Signers
from coordinator.sessions.tables import ExamSession
from shared import subjects
from shared.errors import Corrupt, Rejected
from shared.events.types import Lane
from shared.features import WINDOW_S, FeaturesHeader, decode_features
from shared.messages.message import parse
from shared.sealing import Parcel, open_body, unpack, verify

KIND: Final = "features"
MARK: Final = b'"kind":"features"'
HEADER_BYTES: Final = 1_024
"""More than the header of such a message has."""
KEPT: Final = frozenset({"stored", "repeated"})
"""The words of `take` for a message that is stored."""
AHEAD_S: Final = 120.0
"""How far a node's windows may be ahead of the session's clock here."""


def is_features(data: bytes) -> bool:
    """Whether a message of the stream says that it has features; nothing of it is believed yet."""
    if MARK not in data[:HEADER_BYTES]:
        return False  # most messages are alerts, which are unpacked once only
    try:
        return unpack(data).header.get("kind") == KIND
    except Corrupt:
        return False


def take(
    db: Session, keyring: Keyring, signers: Signers, subject: str, data: bytes, now_utc: datetime
) -> str:
    """Store a message; returns what became of it in one word. Raises nothing about the message."""
    try:
        header, parcel = _authentic(signers, subject, data)
        return _stored(db, keyring, header, parcel, now_utc)
    except (Corrupt, Rejected) as error:
        return error.code if isinstance(error, Rejected) else str(error)


def _authentic(signers: Signers, subject: str, data: bytes) -> tuple[FeaturesHeader, Parcel]:
    parcel = unpack(data)
    node_id = subjects.node_of(subject)
    if node_id not in signers:
        raise Corrupt("unknown-node")
    try:
        verify(parcel, signers[node_id])
        header = parse(FeaturesHeader, parcel.header)
    except Corrupt as error:
        raise Corrupt("forged") from error
    if header.node_id != node_id or subject != subjects.alert(node_id, Lane.TECHNICAL):
        raise Corrupt("wrong-subject")
    return header, parcel


def _stored(db: Session, keyring: Keyring, header: FeaturesHeader, parcel: Parcel, now_utc: datetime) -> str:
    session = db.get(ExamSession, header.session_id)
    if session is None or session.erased_utc is not None or session.tenant_id != header.tenant_id:
        return "unknown-session"
    held = assignments.held(db, [session.id]).get(session.id, ())
    if not any((one.node_id, one.epoch) == (header.node_id, header.epoch) for one in held):
        return "not-assigned"
    found = features.keys_of(db, session)
    sealing = next((key for key in found if key.id == header.key_id and key.kind is KeyKind.SEALING), None)
    data = next((key for key in found if key.kind is KeyKind.DATA and key.wrapped is not None), None)
    if sealing is None or sealing.wrapped is None or data is None:
        return "key-destroyed"
    try:
        logged = decode_features(open_body(parcel, keyring.open_private(sealing)))
    except Corrupt:
        return "does-not-open"
    over_utc = min(now_utc, session.ended_utc or now_utc)
    elapsed_s = (over_utc - session.started_utc).total_seconds()
    if max(one.window for one in logged.vectors) * WINDOW_S > elapsed_s + AHEAD_S:
        return "too-early"
    batch = header.batch_id, logged
    return "stored" if features.store(db, keyring, session, data, batch, now_utc) else "repeated"
