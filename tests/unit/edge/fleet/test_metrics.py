from dataclasses import replace
from uuid import uuid4

from edge.analysis.measured import Looked, Measured
from edge.fleet.metrics import Metrics, Readings
from edge.workers.status import WorkerStatus
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import OutboxState

OUTBOX = OutboxState(outbox_id=uuid4(), lane=Lane.CONDUCT, last_sequence=9, waiting=4, dropped=2)
READINGS = Readings(
    connections=7,
    closed={"gave-way": 12},
    sessions=3,
    rating=8,
    level=1,
    health=10,
    hub_connected=True,
    loop_lag_s=0.002,
    workers=(),
    loop_worst_s=0.7,
    clock_skew_s=-31.0,
    queue_depth={"faces": 5},
    frames_dropped={"superseded": 7},
    pictures={"received": 9, "looked_at": 5, "not_due": 2, "dropped": 1, "waiting": 1},
    frame_requests={"obeyed": 3},
    outbox=(OUTBOX,),
    messages={"alerts-sent": 11},
    connection_errors={"ice": 2},
    trace_spans={},
    gpu_percent={},
)


def lines(metrics: Metrics, readings: Readings = READINGS) -> dict[str, float]:
    text = metrics.text(readings).decode()
    return {
        name: float(value)
        for name, value in (
            line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
        )
    }


def made() -> Metrics:
    return Metrics({"faces": "yunet@1", "identity": "dlib-resnet@1"})


def test_the_seeds_names_are_there_and_say_what_happened() -> None:
    metrics = made()
    metrics.called(Measured("faces", queued_s=0.002, run_s=0.004, outcome="done"))
    metrics.called(Measured("faces", queued_s=0.0, run_s=0.2, outcome="failed", error_type="Unavailable"))
    metrics.called(Measured("identity", queued_s=2.1, run_s=0.0, outcome="stale"))
    metrics.alerted(EventType.FACE_NOT_FOUND, 0.52)
    metrics.dispatched(0.03)
    found = lines(metrics)
    assert found['frames_processed_total{model="yunet@1"}'] == 1
    assert found['model_errors_total{error_type="Unavailable",model="yunet@1"}'] == 1
    assert found['inference_latency_seconds_count{model="yunet@1"}'] == 2
    assert found['inference_queue_seconds_sum{model="yunet@1"}'] == 0.002
    assert found['inference_skipped_total{model="dlib-resnet@1",reason="stale"}'] == 1
    assert found['alerts_generated_total{event_type="FACE_NOT_FOUND",severity="medium"}'] == 1
    assert found['alert_dispatch_latency_seconds_sum{transport="nats"}'] == 0.03
    assert found['webrtc_connection_errors_total{error_type="ice"}'] == 2
    assert found["active_exam_sessions"] == 3
    assert found["session_rating"] == 8
    became = {"received": 9, "looked_at": 5, "not_due": 2, "dropped": 1}
    assert {name: value for name, value in found.items() if name.startswith("pictures_total")} == {
        f'pictures_total{{what="{what}"}}': count for what, count in became.items()
    }  # those that wait have not become anything yet
    assert found["clock_skew_seconds"] == -31.0
    assert found["pictures_waiting"] == 1
    assert found['frame_requests_total{outcome="obeyed"}'] == 3
    assert found['inference_queue_depth{model="yunet@1"}'] == 5
    assert found['outbox_depth{lane="conduct"}'] == 4
    assert found['outbox_dropped_total{lane="conduct"}'] == 2
    assert found['media_dropped_total{reason="superseded"}'] == 7
    assert found['messages_total{what="alerts-sent"}'] == 11


def test_an_analysed_picture_counts_with_its_whole_way_to_the_decision() -> None:
    metrics = made()
    metrics.measured(Looked(received_s=0.01, waited_s=0.02, looked_s=0.1, judged_s=0.0))
    metrics.measured(Measured("faces", queued_s=0.0, run_s=0.1, outcome="done"))
    found = lines(metrics)
    assert (found["frame_to_decision_seconds_count"], found["frame_to_decision_seconds_sum"]) == (1, 0.13)
    assert found['frames_processed_total{model="yunet@1"}'] == 1


def test_a_call_that_got_stuck_is_an_error_of_its_network() -> None:
    metrics = made()
    metrics.called(Measured("identity", queued_s=0.0, run_s=0.0, outcome="stuck"))
    found = lines(metrics)
    assert found['model_errors_total{error_type="stuck",model="dlib-resnet@1"}'] == 1
    assert found['inference_skipped_total{model="dlib-resnet@1",reason="stuck"}'] == 1


def test_a_call_of_several_networks_keeps_its_own_name_and_tasks_of_one_network_are_added() -> None:
    metrics = Metrics({"faces": "one@1", "objects": "one@1"})
    metrics.called(Measured("enrollment", queued_s=0.0, run_s=0.1, outcome="done"))
    found = lines(metrics, replace(READINGS, queue_depth={"faces": 2, "objects": 3, "head": 1}))
    assert found['frames_processed_total{model="enrollment"}'] == 1
    assert found['inference_queue_depth{model="one@1"}'] == 5
    assert found['inference_queue_depth{model="head"}'] == 1


def test_the_load_of_each_gpu_is_told_and_without_one_nothing() -> None:
    found = lines(made(), replace(READINGS, gpu_percent={"0": 37.0, "1": 0.0}))
    assert found['gpu_utilization_percent{gpu_id="0"}'] == 37
    assert found['gpu_utilization_percent{gpu_id="1"}'] == 0
    assert "gpu_utilization" not in made().text(READINGS).decode()


def test_no_metric_is_labelled_by_session_or_person() -> None:
    metrics = made()
    metrics.alerted(EventType.FACE_MISMATCH, 0.9)
    text = metrics.text(READINGS).decode()
    assert "session_id" not in text
    assert "candidate" not in text


def test_two_nodes_in_one_process_do_not_share_their_counts() -> None:
    first, second = made(), made()
    first.alerted(EventType.FACE_NOT_FOUND, 0.5)
    assert "alerts_generated_total{" not in second.text(READINGS).decode()


def test_workers_in_processes_of_their_own_are_told_apart_by_their_number() -> None:
    assert not any(name.startswith("worker_") for name in lines(made()))
    well = WorkerStatus(
        number=1,
        pid=77,
        sessions=3,
        ends=0,
        cpu_s=2.0,
        loop_p95_s=0.0,
        loop_p99_s=0.02,
        loop_worst_s=0.1,
    )
    away = replace(well, number=2, pid=None, sessions=0, ends=4, loop_p99_s=0.0)
    found = lines(made(), replace(READINGS, workers=(well, away)))
    told = {name: value for name, value in found.items() if name.startswith("worker_")}
    assert told == {
        'worker_running{worker="1"}': 1,
        'worker_running{worker="2"}': 0,
        'worker_sessions{worker="1"}': 3,
        'worker_sessions{worker="2"}': 0,
        'worker_loop_lag_p99_seconds{worker="1"}': 0.02,
        'worker_loop_lag_p99_seconds{worker="2"}': 0,
        'worker_ends_total{worker="1"}': 0,
        'worker_ends_total{worker="2"}': 4,
    }
