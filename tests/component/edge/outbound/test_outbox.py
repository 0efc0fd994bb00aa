"""The outbox on a real disk, with processes that really die."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from edge.judging.alerts import AlertRevision
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import seal
from edge.outbound.outbox import Outbox, Sealed
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.reserve import RESERVE_BYTES, Reserve
from shared.alerts import decode_shown
from shared.bundles import framed, unbundled
from shared.errors import ConfigError, Corrupt, Unavailable
from shared.events.types import EventType, Lane
from shared.evidence import open_picture, read_picture
from shared.excerpts import Excerpt, ExcerptHeader, open_excerpt
from shared.messages.heartbeats import OutboxState
from shared.sealing import new_sealing_key, open_body, sealing_public_text, unpack
from tests.support.album import EVIDENCE_KEY, JPEG
from tests.support.alerts import alert as alert_of, envelope_to, first_revision, new_identity

EXAM_KEY, SESSION_KEY = new_sealing_key(), new_sealing_key()
ROOMY = Caps(max_alerts=100_000, max_bytes=2**30)


def alert(message: bytes = b"message", evidence: bytes | None = None) -> Sealed:
    return Sealed(alert_id=uuid4(), revision=1, message=message, evidence=evidence)


def numbered(sequence: int) -> Sealed:
    return alert(b"message %d" % sequence)


def outgoing(said: Excerpt | None = None) -> OutgoingAlert:
    """A conduct alert to the exam's key, and what was said to the session's own."""
    session_id = uuid4()
    envelope = replace(
        envelope_to(EXAM_KEY, session_id),
        transcript_key_id=uuid4(),
        transcripts_to=sealing_public_text(SESSION_KEY.public_key()),
    )
    return OutgoingAlert(
        AlertRevision(alert_of(session_id, 1.0, EventType.KEYWORD_SPOKEN), 1, said), envelope
    )


def fill(outbox: Outbox, lane: Lane, count: int) -> None:
    for _ in range(count):
        outbox.add(lane, numbered)


def state(outbox: Outbox, lane: Lane) -> OutboxState:
    return next(state for state in outbox.states() if state.lane is lane)


def test_each_lane_counts_from_one_and_what_is_sealed_knows_its_sequence(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    assert [outbox.add(Lane.CONDUCT, numbered) for _ in range(3)] == [1, 2, 3]
    assert outbox.add(Lane.TECHNICAL, numbered) == 1
    waiting = outbox.messages(Lane.CONDUCT, [2, 3, 9])
    assert [(one.sequence, one.message) for one in waiting] == [(2, b"message 2"), (3, b"message 3")]
    outbox.close()


def test_only_a_mark_forgets_and_sequences_go_on_after_reopening(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    fill(outbox, Lane.CONDUCT, 5)
    assert outbox.covered(Lane.CONDUCT, 3) == 3
    assert outbox.covered(Lane.CONDUCT, 3) == 0
    outbox.close()
    again = Outbox(tmp_path / "outbox.db", ROOMY)
    assert again.outbox_id == outbox.outbox_id
    assert again.sequences(Lane.CONDUCT) == [4, 5]
    assert again.add(Lane.CONDUCT, numbered) == 6
    assert (state(again, Lane.CONDUCT).waiting, state(again, Lane.CONDUCT).first_waiting) == (3, 4)
    again.covered(Lane.CONDUCT, 6)
    assert state(again, Lane.CONDUCT).first_waiting == 7
    again.close()


def test_a_mark_beyond_the_last_alert_is_refused_and_forgets_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    fill(outbox, Lane.CONDUCT, 2)
    with pytest.raises(Corrupt):
        outbox.covered(Lane.CONDUCT, 3)
    assert outbox.sequences(Lane.CONDUCT) == [1, 2]
    outbox.close()


def test_an_alert_that_cannot_be_sealed_uses_up_no_sequence(tmp_path: Path) -> None:
    def refuse(sequence: int) -> Sealed:
        raise Corrupt("too large")

    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    with pytest.raises(Corrupt):
        outbox.add(Lane.CONDUCT, refuse)
    assert outbox.add(Lane.CONDUCT, numbered) == 1
    assert state(outbox, Lane.CONDUCT).waiting == 1
    outbox.close()


def test_at_the_byte_cap_the_oldest_pictures_go_and_the_alerts_stay(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", Caps(max_alerts=100, max_bytes=3_000))
    for _ in range(4):
        outbox.add(Lane.CONDUCT, lambda _: alert(b"alert", framed([b"x" * 900])))
    bundles = [unbundled(one.message) for one in outbox.messages(Lane.CONDUCT, [1, 2, 3, 4])]
    assert [one.message for one in bundles] == [b"alert"] * 4
    assert [len(one.beside) for one in bundles] == [0, 1, 1, 1]
    assert state(outbox, Lane.CONDUCT).dropped == 0
    outbox.close()


def test_once_all_pictures_are_given_up_the_oldest_technical_alert_goes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", Caps(max_alerts=100, max_bytes=3_000))
    for lane in (Lane.TECHNICAL, Lane.CONDUCT, Lane.CONDUCT):
        outbox.add(lane, lambda _: alert(b"alert", framed([b"x" * 900])))
    outbox.add(Lane.CONDUCT, lambda _: alert(b"y" * 2_500))
    assert beside(outbox, 1, 2, 3) == [0, 0, 0]
    assert outbox.sequences(Lane.TECHNICAL) == [1]
    outbox.add(Lane.CONDUCT, lambda _: alert(b"y" * 488))
    assert (outbox.sequences(Lane.TECHNICAL), outbox.sequences(Lane.CONDUCT)) == ([], [1, 2, 3, 4])
    outbox.close()


def test_given_up_pictures_are_given_up_for_good_and_the_room_is_counted_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", Caps(max_alerts=100, max_bytes=2_000))
    for _ in range(3):
        outbox.add(Lane.CONDUCT, lambda _: alert(b"alert", framed([b"x" * 900])))
    outbox.close()
    roomy = Outbox(tmp_path / "outbox.db", ROOMY)
    assert beside(roomy, 1, 2, 3) == [0, 1, 1]
    assert roomy.covered(Lane.CONDUCT, 2) == 2
    roomy.close()
    again = Outbox(tmp_path / "outbox.db", Caps(max_alerts=100, max_bytes=2_000))
    again.add(Lane.CONDUCT, lambda _: alert(b"alert", framed([b"x" * 900])))
    assert beside(again, 3, 4) == [1, 1]
    again.close()


def beside(outbox: Outbox, *sequences: int) -> list[int]:
    """How many pictures go out with each of these alerts."""
    return [len(unbundled(one.message).beside) for one in outbox.messages(Lane.CONDUCT, sequences)]


OF_BEFORE = """
CREATE TABLE outbox (outbox_id TEXT NOT NULL);
CREATE TABLE lane (name TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0);
CREATE TABLE alert (row INTEGER PRIMARY KEY, lane TEXT NOT NULL REFERENCES lane (name),
    sequence INTEGER NOT NULL, alert_id TEXT NOT NULL, revision INTEGER NOT NULL, message BLOB NOT NULL,
    lean BLOB, UNIQUE (lane, sequence));
CREATE INDEX alert_with_thumbnail ON alert (row) WHERE lean IS NOT NULL;
INSERT INTO outbox VALUES ('4f7a3f0e-6a64-4f5e-9f39-0d6b3a1f2c11');
INSERT INTO lane VALUES ('conduct', 2, 0);
INSERT INTO alert VALUES (1, 'conduct', 2, '5d0c0a2e-0b57-4d43-8f0f-0b9a4d0c7f10', 1,
    CAST('with its picture' AS BLOB), CAST('without' AS BLOB));
"""


def test_an_outbox_of_before_keeps_what_waits_in_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OF_BEFORE)
    for _ in range(2):
        outbox = Outbox(path, ROOMY)
        assert str(outbox.outbox_id) == "4f7a3f0e-6a64-4f5e-9f39-0d6b3a1f2c11"
        [waiting] = outbox.messages(Lane.CONDUCT, [2])
        assert waiting.message == b"with its picture"
        outbox.close()
    outbox = Outbox(path, ROOMY)
    assert outbox.add(Lane.CONDUCT, lambda _: alert(b"alert", framed([b"picture"]))) == 3
    outbox.close()


def test_at_the_alert_cap_the_oldest_technical_ones_go_counted(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", Caps(max_alerts=6, max_bytes=2**20))
    fill(outbox, Lane.TECHNICAL, 4)
    fill(outbox, Lane.CONDUCT, 5)
    technical = state(outbox, Lane.TECHNICAL)
    assert outbox.sequences(Lane.CONDUCT) == [1, 2, 3, 4, 5]
    assert (technical.waiting, technical.dropped, technical.first_waiting) == (1, 3, 4)
    fill(outbox, Lane.CONDUCT, 3)
    assert outbox.sequences(Lane.TECHNICAL) == []
    assert outbox.sequences(Lane.CONDUCT) == [3, 4, 5, 6, 7, 8]
    assert state(outbox, Lane.CONDUCT).dropped == 2
    outbox.close()


def test_the_counts_survive_reopening(tmp_path: Path) -> None:
    caps = Caps(max_alerts=3, max_bytes=2**20)
    outbox = Outbox(tmp_path / "outbox.db", caps)
    fill(outbox, Lane.TECHNICAL, 3)
    outbox.close()
    outbox = Outbox(tmp_path / "outbox.db", caps)
    fill(outbox, Lane.CONDUCT, 1)
    assert outbox.sequences(Lane.TECHNICAL) == [2, 3]
    outbox.close()


def add_and_die(path: Path, count: int) -> None:
    fill(Outbox(path, ROOMY), Lane.CONDUCT, count)
    os.kill(os.getpid(), signal.SIGKILL)


def add_forever(path: Path, told: "Connection[Any, Any]") -> None:
    outbox = Outbox(path, ROOMY)
    while True:
        told.send(outbox.add(Lane.CONDUCT, numbered))


def rest_of(pipe: "Connection[Any, Any]") -> list[int]:
    heard = []
    try:
        while True:
            heard.append(pipe.recv())
    except EOFError:
        return heard


def test_what_was_added_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    child = multiprocessing.get_context("spawn").Process(target=add_and_die, args=(path, 25))
    child.start()
    child.join(timeout=60)
    assert child.exitcode == -signal.SIGKILL
    outbox = Outbox(path, ROOMY)
    assert outbox.sequences(Lane.CONDUCT) == list(range(1, 26))
    assert outbox.add(Lane.CONDUCT, numbered) == 26
    outbox.close()


def test_a_kill_at_any_moment_loses_nothing_that_add_had_returned(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=add_forever, args=(path, there))
    child.start()
    there.close()
    told = [here.recv() for _ in range(40)]
    child.kill()
    child.join(timeout=60)
    told += rest_of(here)
    outbox = Outbox(path, ROOMY)
    waiting = outbox.sequences(Lane.CONDUCT)
    assert waiting == list(range(1, len(waiting) + 1))
    assert told[-1] <= waiting[-1] <= told[-1] + 1
    outbox.close()
    here.close()


def test_a_second_process_cannot_open_the_same_outbox(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    with pytest.raises(ConfigError, match="another daemon"):
        Outbox(tmp_path / "outbox.db", ROOMY)
    outbox.close()


def test_a_damaged_file_is_set_aside_and_a_new_outbox_begun(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"this is not a database" * 500)
    outbox = Outbox(path, ROOMY)
    assert outbox.add(Lane.CONDUCT, numbered) == 1
    outbox.close()
    assert [kept.read_bytes()[:4] for kept in tmp_path.glob("outbox.db.damaged-*")] == [b"this"]
    assert outbox.set_aside == 1
    again = Outbox(path, ROOMY)
    assert again.set_aside == 1  # told until somebody has looked at it
    again.close()


def test_a_file_with_damaged_pages_is_set_aside_each_time_under_a_name_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "outbox.db"
    for times in (1, 2):
        outbox = Outbox(path, ROOMY)
        fill(outbox, Lane.CONDUCT, 200)
        outbox.close()
        whole = path.read_bytes()
        path.write_bytes(whole[:8_192] + b"\xff" * (len(whole) - 8_192))
        outbox = Outbox(path, ROOMY)
        assert outbox.sequences(Lane.CONDUCT) == []
        assert outbox.set_aside == times
        outbox.close()
        assert [getattr(one, "code", "") for one in caplog.records] == ["outbox-damaged"] * times
    aside = {one.name for one in tmp_path.glob("*damaged*")}
    stamps = {name.rpartition("-")[2] for name in aside}
    assert len(stamps) == 2
    assert {f"outbox.db.damaged-{at}" for at in stamps} <= aside


def test_the_log_beside_the_outbox_stays_as_small_as_what_a_full_disk_has_in_reserve(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    for _ in range(100):
        outbox.add(Lane.CONDUCT, lambda _: alert(bytes(20_000)))
    assert (tmp_path / "outbox.db-wal").stat().st_size <= RESERVE_BYTES
    outbox.close()


def test_what_frees_a_full_disk_takes_its_reserve_and_reserves_it_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    reserve = tmp_path / "outbox.db.reserve"
    assert reserve.stat().st_size == RESERVE_BYTES
    fill(outbox, Lane.CONDUCT, 2)
    outbox._db.executescript(
        "CREATE TRIGGER full BEFORE DELETE ON alert BEGIN SELECT RAISE(ABORT, 'full'); END;"
    )
    for _ in range(2):
        with pytest.raises(Unavailable):
            outbox.covered(Lane.CONDUCT, 2)
        assert reserve.stat().st_size == RESERVE_BYTES
    assert outbox.sequences(Lane.CONDUCT) == [1, 2]
    outbox._db.executescript("DROP TRIGGER full")
    assert outbox.covered(Lane.CONDUCT, 2) == 2
    outbox.close()


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="another program's"):
        Outbox(path, ROOMY)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["outbox.db"]


def test_the_outbox_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "data" / "outbox.db"
        outbox = Outbox(path, ROOMY)
        fill(outbox, Lane.CONDUCT, 3)
        assert {one.stat().st_mode & 0o777 for one in path.parent.iterdir()} == {0o600}
        assert path.parent.stat().st_mode & 0o777 == 0o700
        outbox.close()
        path.chmod(0o644)  # as one that was made before
        Outbox(path, ROOMY).close()
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_full_disk_refuses_the_alert_whole_and_takes_it_once_there_is_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    fill(outbox, Lane.CONDUCT, 1)
    (pages,) = outbox._db.execute("PRAGMA page_count").fetchone()
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable):
        outbox.add(Lane.CONDUCT, lambda _: alert(b"x" * 100_000))
    assert outbox.sequences(Lane.CONDUCT) == [1]
    assert state(outbox, Lane.CONDUCT).waiting == 1
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert outbox.add(Lane.CONDUCT, lambda _: alert(b"x" * 100_000)) == 2
    outbox.close()


def test_a_commit_that_fails_leaves_the_counts_as_they_were(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    fill(outbox, Lane.CONDUCT, 2)
    before = outbox.states()
    outbox._db.executescript(
        "CREATE TABLE broken (lane TEXT REFERENCES lane (name) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TRIGGER breaks AFTER INSERT ON alert BEGIN INSERT INTO broken VALUES ('no-lane'); END;"
        "CREATE TRIGGER breaks_too AFTER DELETE ON alert BEGIN INSERT INTO broken VALUES ('no-lane'); END;"
    )
    with pytest.raises(Unavailable):
        outbox.add(Lane.CONDUCT, lambda _: alert(b"x" * 100))
    with pytest.raises(Unavailable):
        outbox.covered(Lane.CONDUCT, 2)
    assert outbox.states() == before
    outbox._db.executescript("DROP TRIGGER breaks; DROP TRIGGER breaks_too")
    assert outbox.add(Lane.CONDUCT, lambda _: alert(b"x" * 100)) == 3
    assert state(outbox, Lane.CONDUCT).waiting == 3
    assert outbox.covered(Lane.CONDUCT, 3) == 3
    assert state(outbox, Lane.CONDUCT).waiting == 0
    outbox.close()


def test_the_file_is_written_through_before_add_returns(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ROOMY)
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with pytest.raises(sqlite3.IntegrityError):
        outbox._db.execute("INSERT INTO alert VALUES (1, 'no-lane', 1, 'x', 1, x'00', NULL)")
    outbox.close()


def test_space_is_reserved_once_given_once_and_reserved_again(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    reserve = Reserve(path)
    assert path.stat().st_size == RESERVE_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert [reserve.give(), reserve.give()] == [True, False]
    assert not path.exists()
    assert [reserve.hold(), reserve.hold()] == [True, True]
    assert path.stat().st_size == RESERVE_BYTES
    path.write_bytes(b"")  # as on a disk that had no room for it
    assert reserve.give() is False
    assert not path.exists()


def test_a_disk_without_room_reserves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, *_: int) -> None:
        os.write(descriptor, b"a little")
        raise OSError("no space")

    reserve = Reserve(tmp_path / "reserve")
    reserve.give()
    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        assert reserve.hold() is False
    assert (tmp_path / "reserve").stat().st_size == 0
    assert reserve.hold() is True
    assert Reserve(tmp_path / "no-folder" / "reserve").hold() is False


def test_coroutines_share_the_outbox_through_its_own_thread(tmp_path: Path) -> None:
    async def scenario() -> tuple[list[int], UUID]:
        outbox = await OutboxThread.open(tmp_path / "outbox.db", ROOMY, lambda _, at: numbered(at.sequence))
        added = await asyncio.gather(*(outbox.add(outgoing()) for _ in range(20)))
        await outbox.covered(Lane.CONDUCT, 10)
        assert await outbox.sequences(Lane.CONDUCT) == list(range(11, 21))
        await outbox.close()
        return sorted(added), outbox.outbox_id

    added, _ = asyncio.run(scenario())
    assert added == list(range(1, 21))


def test_what_was_said_and_of_whom_never_lies_on_the_disk_unsealed(tmp_path: Path) -> None:
    said = Excerpt(phrases=("psst",), text="what is number seven", duration_s=1.0, clip="T2dnUw==")
    sent = outgoing(said)
    node = new_identity()

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    async def scenario() -> bytes:
        outbox = await OutboxThread.open(tmp_path / "outbox.db", ROOMY, partial(seal, node=node))
        await outbox.add(sent)
        [waiting] = await outbox.messages(Lane.CONDUCT, [1])
        written = on_disk()
        assert waiting.message in written
        for open_words in (b"number seven", b"T2dnUw", b"psst", b"exam-session"):
            assert open_words not in written
        await outbox.close()
        return waiting.message

    arrived = decode_shown(open_body(unpack(asyncio.run(scenario())), EXAM_KEY)).alert
    assert arrived.sealed_excerpt is not None
    header = ExcerptHeader(
        alert_id=arrived.event_id,
        session_id=sent.envelope.session_id,
        key_id=sent.envelope.transcript_key_id or UUID(int=0),
    )
    assert open_excerpt(arrived.sealed_excerpt, header, SESSION_KEY) == said


def test_nothing_of_a_picture_is_open_on_the_disk_and_only_the_evidence_key_opens_it(tmp_path: Path) -> None:
    made = first_revision(alert_of(uuid4(), 1.0, thumbnail=True))
    sent = OutgoingAlert(made, envelope_to(EXAM_KEY, uuid4()))
    node = new_identity()

    def on_disk() -> list[bytes]:
        return [file.read_bytes() for file in tmp_path.glob("outbox.db*")]

    async def scenario() -> bytes:
        outbox = await OutboxThread.open(tmp_path / "outbox.db", ROOMY, partial(seal, node=node))
        await outbox.add(sent)
        [waiting] = await outbox.messages(Lane.CONDUCT, [1])
        assert not any(JPEG[:30] in content for content in await asyncio.to_thread(on_disk))
        await outbox.close()
        return waiting.message

    [parcel] = unbundled(asyncio.run(scenario())).beside
    sealed = read_picture(parcel, node.signing.public_key())
    with pytest.raises(Corrupt):
        open_picture(sealed, made.pictures[0].ref, EXAM_KEY)
    assert open_picture(sealed, made.pictures[0].ref, EVIDENCE_KEY).jpeg == JPEG
