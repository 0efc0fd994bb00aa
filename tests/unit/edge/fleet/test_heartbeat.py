from datetime import UTC, datetime
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.consents import Purpose
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import MAX_BYTES, Heartbeat, Measures, OutboxState, SessionState
from shared.messages.versions import MOST_AT_HAND, MOST_COMPARING, Tally
from shared.sealing import pack, unpack
from shared.unwatched import Kind

NOW_UTC = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


VERSIONS = {"face-detection": f"{'n' * 64}@{'v' * 64}"}
FOUND = {event.value: Tally(both=2**31 - 1, only_old=2**31 - 1, only_new=2**31 - 1) for event in EventType}


def session(number: int) -> SessionState:
    compares = number < MOST_COMPARING
    return SessionState(
        session_id=uuid4(),
        epoch=2**31 - 1,
        phase="watching",
        frames_processed=2**31,
        alerts_triggered=2**31,
        last_verified_utc=NOW_UTC,
        policy_version=2**31 - 1,
        paused=False,
        expires_utc=NOW_UTC,
        hears_phrases=False,
        token_key_id="0123456789abcdef",
        withheld=tuple(Purpose),
        unwatched_s=dict.fromkeys(Kind, 12_345.6),
        networks=VERSIONS,
        shadow=VERSIONS if compares else {},
        compared=FOUND if compares else {},
    )


def test_a_full_node_can_name_every_session_in_one_heartbeat() -> None:
    lanes = tuple(
        OutboxState(outbox_id=uuid4(), lane=lane, last_sequence=2**53 - 1, waiting=100_000, dropped=2**31)
        for lane in Lane
    )
    beat = Heartbeat(
        node_id=uuid4(),
        boot_id=uuid4(),
        sent_utc=NOW_UTC,
        region="r" * 200,
        sealing_key="k" * 200,
        signaling_url="u" * 200,
        health=10,
        level=4,
        rating=500,
        device="d" * 200,
        models={f"task-{number}": "m" * 200 for number in range(15)},
        recognisers=("r" * 200,) * 4,
        outbox=lanes,
        sessions=tuple(session(number) for number in range(500)),
        measures=Measures(
            product="p" * 200,
            lag_p95_s=1234.5678901234567,
            cpu=0.12345678901234567,
            memory=0.12345678901234567,
            disk_free_bytes=MAX_BYTES,
            clock_offset_s=-12345.678901234567,
            certificate_begins_utc=NOW_UTC,
            certificate_ends_utc=NOW_UTC,
        ),
        at_hand={f"{number:064}@{'v' * 64}": "face-detection" for number in range(MOST_AT_HAND)},
    )
    message = pack(beat.model_dump(mode="json"), b"", Ed25519PrivateKey.generate())
    assert Heartbeat.model_validate(unpack(message).header) == beat
