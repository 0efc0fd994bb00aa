from __future__ import annotations

from edge.media.keyframes import KeyframeRequests


def test_a_loss_is_asked_about_until_a_keyframe_comes() -> None:
    requests = KeyframeRequests()
    requests.seen(keyframe=True, now=0.0)
    assert not requests.due(0.1)
    requests.lost()
    assert [requests.due(1.0 + 0.1 * n) for n in range(7)] == [True, False, False, False, False, True, False]
    damaged = []
    for keyframe, now in ((False, 1.7), (True, 1.8), (False, 1.9)):
        requests.seen(keyframe, now)
        damaged.append(requests.damaged)
    assert damaged == [True, False, False]
    assert not requests.due(9.0)


def test_without_a_loss_a_keyframe_is_asked_for_now_and_then() -> None:
    requests = KeyframeRequests(every_s=10.0)
    requests.seen(keyframe=True, now=0.0)
    assert not requests.due(9.9)
    assert requests.due(10.0)


def test_a_stream_that_begins_without_a_keyframe_is_asked_for_one() -> None:
    requests = KeyframeRequests()
    requests.seen(keyframe=False, now=0.0)
    assert requests.due(0.0)
