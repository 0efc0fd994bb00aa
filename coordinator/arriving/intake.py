"""Stores one batch of alert messages: treats each, then sets new marks.

One batch is one transaction. All rows that its messages need are loaded together, each message is checked
separately, and those that pass are written in a few statements. In the same transaction the marks advance and
incidents are grouped.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Fate, Written
from coordinator.alerts.stored import Stored
from coordinator.arriving import parked_service as parked, sittings_service as sittings, treating
from coordinator.arriving.arrival import Authentic, Forged, admit, authenticate
from coordinator.arriving.parked_service import Place
from coordinator.arriving.pictures import Arrived, TakenPictures, take as take_pictures
from coordinator.arriving.sittings_service import Sitting
from coordinator.arriving.treated import JUDGED, Post, Treated, Treatment
from coordinator.audit import service as audit
from coordinator.evidence import service as evidence
from coordinator.evidence.kept import PictureState
from coordinator.features import received_service as received
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.incidents import grouping_service as grouping
from coordinator.nodes import service as nodes
from coordinator.nodes.service import LaneKey
from coordinator.nodes.signers import Signers
from shared.alerts import AlertHeader
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S, LaneMark

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logged:
    """A message of logged features: it is checked when it is stored."""


Checked = tuple[Post, Authentic | Logged | str]
"""A message whose signature is valid, or the reason in one word why it is not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch after its commit."""

    treated: list[Treated]
    marks: dict[UUID, list[LaneMark]]
    took_s: float
    """How long the transaction lasted, its commit included."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Parked messages that were judged again."""

    treated: list[Treated]
    last: Place
    took_s: float


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A message that may be stored."""

    post: Post
    header: AlertHeader
    written: Written
    pictures: TakenPictures


@dataclass(frozen=True, slots=True)
class AlertStore:
    """The part that runs in a thread: one transaction per batch."""

    database: Database
    keyring: Keyring
    signers: Signers
    skew_s: Callable[[UUID], float | None] = lambda _: None
    """How far a node's clock is ahead, as measured lately; None: unknown."""

    def take(self, posts: Sequence[Post], now_utc: datetime) -> Taken:
        """Commit a batch; returns the treated messages and the advanced marks.

        Raises `Unavailable` and then changes nothing.
        """
        checked = self._checked(posts)  # before the transaction: signatures take time
        with self.database.write() as db:
            began_s = time.monotonic()
            treated = self._of_one_batch()._treat(db, checked, now_utc)
            marks = _commit_marks(db, treated, now_utc)
        return Taken(treated, marks, time.monotonic() - began_s)

    def judge_parked(self, after: Place | None, limit: int, now_utc: datetime) -> Replayed | None:
        """Judge the next parked messages again and forget those that are settled now; None: no more are left.

        A person has asked for it, so each node's clock counts as the worst that is allowed.
        """

        def worst_s(node_id: UUID) -> float:
            return max(MAX_CLOCK_SKEW_S, self.skew_s(node_id) or 0.0)

        with self.database.read() as db:
            posts = parked.following(db, after, limit)
        if not posts:
            return None
        checked = dict(zip((post.place for post in posts), self._checked(posts), strict=True))
        with self.database.write() as db:
            began_s = time.monotonic()
            # Another replica may have settled some since they were read.
            places = parked.still_parked(db, list(checked))
            left = [checked[place] for place in places]
            treated = replace(self._of_one_batch(), skew_s=worst_s)._treat(db, left, now_utc)
            for place, one in zip(places, treated, strict=True):
                if one.treatment in JUDGED:
                    parked.remove(db, place)
        return Replayed(treated, posts[-1].place, time.monotonic() - began_s)

    def _of_one_batch(self) -> AlertStore:
        """A backlog has many alerts under few keys."""
        return replace(self, keyring=self.keyring.for_one_batch())

    def _checked(self, posts: Sequence[Post]) -> list[Checked]:
        return [(post, self._authentic(post)) for post in posts]

    def _treat(self, db: Session, checked: Sequence[Checked], now_utc: datetime) -> list[Treated]:
        sessions = {m.header.session_id for _, m in checked if isinstance(m, Authentic)}
        found = sittings.load(db, self.keyring, sessions, now_utc)
        erased = sittings.erased(db, sessions - found.keys())
        judged = [
            treating.refused(db, one[0], one[1].header, "erased", now_utc)
            if isinstance(one[1], Authentic) and one[1].header.session_id in erased
            else self._judge(db, found, *one, now_utc)
            for one in checked
        ]
        written = iter(self._write(db, [one for one in judged if isinstance(one, _Admitted)], now_utc))
        treated = [next(written) if isinstance(one, _Admitted) else one for one in judged]
        self._group(db, treated, now_utc)
        _write_down(db, found, treated, now_utc)
        return treated

    def _log(self, db: Session, post: Post, now_utc: datetime) -> Treated:
        """Store logged features; what is wrong with them must not stand in the way of alerts."""
        try:
            with db.begin_nested():
                found = received.take(db, self.keyring, self.signers, post.subject, post.data, now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable: nothing of this batch counts
        except Exception:
            log.exception("logged features could not be stored")
            found = "internal-error"
        return Treated(post, Treatment.LOGGED if found in received.KEPT else Treatment.LEFT_OUT, found)

    def _authentic(self, post: Post) -> Authentic | Logged | str:
        if received.is_features(post.data):
            return Logged()
        try:
            return authenticate(post.subject, post.data, self.signers)
        except Forged as error:
            return str(error)

    def _judge(
        self,
        db: Session,
        found: Mapping[UUID, Sitting],
        post: Post,
        message: Authentic | Logged | str,
        now_utc: datetime,
    ) -> _Admitted | Treated:
        """Check one message; only a refusal is written."""
        if isinstance(message, Logged):
            return self._log(db, post, now_utc)
        if isinstance(message, str):
            return Treated(post, Treatment.FORGED, message)
        header = message.header
        sitting = found.get(header.session_id)
        try:
            written = admit(self.keyring, message, sitting, self.skew_s(header.node_id))
            assert sitting is not None  # `admit` accepts nothing without one
            arrived = Arrived(message, written, sitting.evidence, self.signers[header.node_id])
            return _Admitted(post, header, written, take_pictures(self.keyring, arrived))
        except Exception as error:
            return treating.treatment_of(db, post, header, error, now_utc)

    def _write(self, db: Session, admitted: Sequence[_Admitted], now_utc: datetime) -> list[Treated]:
        """Store all together; if that fails, one by one, so that none blocks the others."""
        try:
            with db.begin_nested():
                return self._store(db, admitted, now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable: nothing of this batch counts
        except Exception as error:
            if len(admitted) == 1:
                return [treating.treatment_of(db, admitted[0].post, admitted[0].header, error, now_utc)]
            return [treated for one in admitted for treated in self._write(db, [one], now_utc)]

    def _store(self, db: Session, admitted: Sequence[_Admitted], now_utc: datetime) -> list[Treated]:
        fates = alerts.store(db, self.keyring, [one.written for one in admitted], now_utc)
        theirs = [one for one, fate in zip(admitted, fates, strict=True) if fate is not Fate.ANOTHERS]
        pictures = [picture for one in theirs for picture in one.pictures.pictures]
        evidence.store(db, self.keyring, pictures, now_utc)
        return [_treated(db, one, fate, now_utc) for one, fate in zip(admitted, fates, strict=True)]

    def _group(self, db: Session, treated: list[Treated], now_utc: datetime) -> None:
        """Update the incidents. A failure here must not prevent storing an alert: it is noted, and the
        session's next alert groups these too."""
        changed: dict[UUID, datetime] = {}
        for stored in (one.stored for one in treated if one.stored is not None):
            if stored.alert.event_class in grouping.SUSPICIONS:
                onset = stored.alert.onset
                changed[stored.session_id] = min(onset, changed.get(stored.session_id, onset))
        if not changed:
            return
        try:
            with db.begin_nested():
                grouping.regroup(db, changed, now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable: nothing of this batch counts
        except Exception:
            log.exception("incidents could not be grouped; the session's next alert groups these too")
            grouping.owe(db, changed)


def _treated(db: Session, admitted: _Admitted, fate: Fate, now_utc: datetime) -> Treated:
    if fate is Fate.ANOTHERS:
        return treating.refused(db, admitted.post, admitted.header, "claims-another-id", now_utc)
    stored = _stored(admitted.written, admitted.pictures, now_utc) if fate is Fate.NEW else None
    treatment = Treatment.REPEATED if stored is None else Treatment.STORED
    counts = admitted.pictures.counts
    return Treated(admitted.post, treatment, header=admitted.header, stored=stored, pictures=counts)


def _stored(written: Written, pictures: TakenPictures, now_utc: datetime) -> Stored:
    state = PictureState.MISSING if written.alert.evidence_pictures else PictureState.NONE
    return Stored(
        written.alert,
        written.session.id,
        written.revision,
        now_utc,
        pictures.jpeg,
        state if pictures.jpeg is None else PictureState.KEPT,
    )


def _write_down(
    db: Session, found: Mapping[UUID, Sitting], treated: Sequence[Treated], now_utc: datetime
) -> None:
    """One entry of the audit log per session and node of a batch."""
    counts = Counter(
        (found[one.header.session_id].session.tenant_id, one.header.session_id, one.header.node_id)
        for one in treated
        if one.stored is not None and one.header is not None
    )
    if counts:
        audit.write_stored(db, [(*whose, count) for whose, count in counts.items()], uuid7(), now_utc)


def _commit_marks(db: Session, treated: list[Treated], now_utc: datetime) -> dict[UUID, list[LaneMark]]:
    settled: defaultdict[LaneKey, list[int]] = defaultdict(list)
    for one in treated:
        if one.header is not None and one.settled:
            header = one.header
            settled[LaneKey(header.node_id, header.outbox_id, header.lane)].append(header.sequence)
    marks: defaultdict[UUID, list[LaneMark]] = defaultdict(list)
    for key in sorted(settled):  # the same order in every replica avoids deadlocks
        marks[key.node_id].append(nodes.committed(db, key, settled[key], now_utc))
    return dict(marks)
