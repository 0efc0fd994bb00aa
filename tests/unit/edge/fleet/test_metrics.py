from uuid import uuid4

from edge.analysis.measured import Measured
from edge.fleet.metrics import Metrics, Readings
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import OutboxState

OUTBOX = OutboxState(outbox_id=uuid4(), lane=Lane.CONDUCT, last_sequence=9, waiting=4, dropped=2)
READINGS = Readings(
    connections=7,
    closed={"gave-way": 12},
    sessions=3,
    level=1,
    health=10,
    hub_connected=True,
    loop_lag_s=0.002,
    loop_worst_s=0.7,
    clock_skew_s=-31.0,
    queue_depth={"faces": 5},
    frames_dropped={"superseded": 7},
    outbox=(OUTBOX,),
    messages={"alerts-sent": 11},
)


def lines(metrics: Metrics, readings: Readings = READINGS) -> dict[str, float]:
    text = metrics.text(readings).decode()
    return {
        name: float(value)
        for name, value in (
            line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
        )
    }


def test_the_seeds_names_are_there_and_say_what_happened() -> None:
    metrics = Metrics()
    metrics.called(Measured("faces", queued_s=0.002, run_s=0.004, outcome="done"))
    metrics.called(Measured("faces", queued_s=0.0, run_s=0.2, outcome="failed"))
    metrics.called(Measured("body", queued_s=2.1, run_s=0.0, outcome="stale"))
    metrics.alerted(EventType.FACE_NOT_FOUND)
    found = lines(metrics)
    assert found['frames_processed_total{model="faces"}'] == 1
    assert found['model_errors_total{model="faces"}'] == 1
    assert found['inference_latency_seconds_count{model="faces"}'] == 2
    assert found['inference_queue_seconds_sum{model="faces"}'] == 0.002
    assert found['inference_skipped_total{model="body",reason="stale"}'] == 1
    assert found['alerts_generated_total{event_type="FACE_NOT_FOUND"}'] == 1
    assert found["active_exam_sessions"] == 3
    assert found['inference_queue_depth{model="faces"}'] == 5
    assert found['outbox_depth{lane="conduct"}'] == 4
    assert found['outbox_dropped_total{lane="conduct"}'] == 2
    assert found['media_dropped_total{reason="superseded"}'] == 7
    assert found['messages_total{what="alerts-sent"}'] == 11


def test_no_metric_is_labelled_by_session_or_person() -> None:
    metrics = Metrics()
    metrics.alerted(EventType.FACE_MISMATCH)
    text = metrics.text(READINGS).decode()
    assert "session_id" not in text
    assert "candidate" not in text


def test_two_nodes_in_one_process_do_not_share_their_counts() -> None:
    first, second = Metrics(), Metrics()
    first.alerted(EventType.FACE_NOT_FOUND)
    assert 'alerts_generated_total{event_type="FACE_NOT_FOUND"}' not in lines(second)
