from __future__ import annotations

import pytest

from edge.media.sdp import AnswerShape, passive, payload_codecs, shape_answer

ANSWER = "\r\n".join(
    [
        "v=0",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 10.0.0.5",
        "a=recvonly",
        "a=mid:0",
        "a=rtpmap:96 opus/48000/2",
        "a=candidate:abc 1 udp 2130706431 10.0.0.5 40000 typ host",
        "a=candidate:def 1 udp 1694498815 198.51.100.7 40000 typ srflx raddr 10.0.0.5 rport 40000",
        "m=video 40000 UDP/TLS/RTP/SAVPF 97 98",
        "c=IN IP4 10.0.0.5",
        "a=mid:1",
        "a=rtpmap:97 VP8/90000",
        "a=rtpmap:98 rtx/90000",
        "",
    ]
)


def test_packet_time_goes_to_audio_and_the_rate_limit_to_video() -> None:
    lines = shape_answer(ANSWER, AnswerShape(audio_ptime_ms=60, video_kbps=400)).split("\r\n")
    video = lines.index("m=video 40000 UDP/TLS/RTP/SAVPF 97 98")
    assert lines.index("a=ptime:60") < video
    assert lines[video + 1 : video + 3] == ["c=IN IP4 10.0.0.5", "b=AS:400"]
    assert lines.count("b=AS:400") == lines.count("a=ptime:60") == 1


def test_without_an_announced_address_nothing_else_changes() -> None:
    added = {"a=ptime:60", "a=maxptime:60", "b=AS:600"}
    shaped = shape_answer(ANSWER, AnswerShape())
    assert [line for line in shaped.split("\r\n") if line not in added] == ANSWER.split("\r\n")


def test_an_announced_address_is_offered_beside_each_host_candidate_only() -> None:
    shaped = shape_answer(ANSWER, AnswerShape(announced_ip="203.0.113.9")).split("\r\n")
    announced = [line for line in shaped if "203.0.113.9" in line]
    assert announced == ["a=candidate:abca 1 udp 2130706431 203.0.113.9 40000 typ host"]


def test_a_bad_announced_address_is_an_error_and_never_reaches_a_peer() -> None:
    with pytest.raises(ValueError, match=r"203\.0\.113\.9"):
        shape_answer(ANSWER, AnswerShape(announced_ip="203.0.113.9\r\na=evil"))


def test_codecs_are_read_from_the_answer() -> None:
    assert payload_codecs(ANSWER) == {96: "opus", 97: "VP8", 98: "rtx"}


def test_the_answer_waits_for_the_handshake_and_nothing_else_in_it_changes() -> None:
    answer = "v=0\r\na=setup:active\r\na=mid:0\r\na=setup:active\r\n"
    assert passive(answer) == answer.replace("active", "passive")
    assert passive(ANSWER) == ANSWER
