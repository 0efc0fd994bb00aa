"""Every offer that cannot be answered is refused in words that say what to send instead."""

from __future__ import annotations

import pytest

from edge.media.negotiation import read_offer
from shared.errors import Rejected

H264 = "a=fmtp:{0} level-asymmetry-allowed=1;packetization-mode={1};profile-level-id={2}"


def section(kind: str, mid: int, codecs: list[str], direction: str = "sendonly", more: str = "") -> str:
    """A media section as browsers write it, with `codecs` as `name/clock` and fmtp lines."""
    numbers = [str(96 + n) for n, _ in enumerate(codecs)]
    lines = [f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(numbers)}", "c=IN IP4 0.0.0.0", f"a=mid:{mid}"]
    lines += [f"a={direction}", "a=rtcp-mux", "a=setup:actpass", "a=ice-ufrag:abcd", f"a=ice-pwd:{'x' * 24}"]
    lines += ["a=fingerprint:sha-256 " + ":".join(["AB"] * 32)]
    for number, codec in zip(numbers, codecs, strict=True):
        name, _, fmtp = codec.partition(" ")
        lines.append(f"a=rtpmap:{number} {name}")
        if fmtp:
            lines.append(f"a=fmtp:{number} {fmtp}")
    return "\r\n".join([*lines, *more.split("\n")] if more else lines) + "\r\n"


OPUS = section("audio", 0, ["opus/48000/2"])
VP8 = section("video", 1, ["VP8/90000"])
MODE_0 = "H264/90000 packetization-mode=0;profile-level-id=42e01f"
MODE_1 = "H264/90000 packetization-mode=1;profile-level-id=42e01f"
HIGH = "H264/90000 packetization-mode=1;profile-level-id=640c1f"


def offer(*sections: str) -> str:
    head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    mids = " ".join(line[6:] for each in sections for line in each.split("\r\n") if line.startswith("a=mid:"))
    return head + f"a=group:BUNDLE {mids}\r\n" + "".join(sections)


@pytest.mark.parametrize(
    "offered",
    [
        offer(OPUS, VP8),
        offer(VP8),
        offer(OPUS, section("video", 1, [MODE_0, MODE_1])),
        offer(OPUS, section("video", 1, ["VP9/90000", "VP8/90000", "rtx/90000 apt=97"])),
        offer(OPUS, section("video", 1, ["VP8/90000"], "sendrecv")),
        offer(OPUS, section("video", 1, ["VP8/90000"], more="a=rid:h send\na=simulcast:send h")),
    ],
)
def test_what_can_be_received_is_taken(offered: str) -> None:
    assert read_offer(offered).any_role


@pytest.mark.parametrize(
    ("offered", "has"),
    [
        (offer(OPUS, section("video", 1, ["VP9/90000", "rtx/90000 apt=96"])), "its video has only VP9$"),
        (offer(OPUS, section("video", 1, ["AV1/90000"])), "its video has only AV1$"),
        (offer(OPUS, section("video", 1, [MODE_0])), "its video has only H264$"),
        (offer(OPUS, section("video", 1, [HIGH])), "its video has only H264$"),
        (offer(OPUS, section("video", 1, ["H265/90000", "VP9/90000"])), "its video has only H265, VP9$"),
        (offer(section("audio", 0, ["PCMU/8000", "PCMA/8000"]), VP8), "its audio has only PCMU, PCMA$"),
    ],
)
def test_other_codecs_are_refused_with_those_that_are_needed(offered: str, has: str) -> None:
    with pytest.raises(Rejected, match=has) as refused:
        read_offer(offered)
    assert "VP8 or H.264 (constrained baseline, packetization-mode=1) and Opus are needed" in str(
        refused.value
    )
    assert refused.value.status == 400


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
@pytest.mark.parametrize("kind", ["audio", "video"])
def test_an_offer_that_sends_nothing_is_refused_in_words(kind: str, direction: str) -> None:
    codec = {"audio": "opus/48000/2", "video": "VP8/90000"}[kind]
    other = VP8 if kind == "audio" else OPUS
    with pytest.raises(Rejected, match=f"its {kind} is {direction}; it must be sendonly or sendrecv"):
        read_offer(offer(section(kind, 5, [codec], direction), other))


@pytest.mark.parametrize(
    "layers",
    [
        "a=rid:h send\na=rid:m send\na=simulcast:send h;m",
        "a=simulcast:recv a send h,H;~m;l",
        "a=ssrc-group:SIM 1 2 3",
    ],
)
def test_several_layers_of_one_picture_are_refused_in_words(layers: str) -> None:
    with pytest.raises(Rejected, match="simulcast is not accepted: send one layer"):
        read_offer(offer(OPUS, section("video", 1, ["VP8/90000"], more=layers)))


@pytest.mark.parametrize(("setup", "any_role"), [("actpass", True), ("active", False), ("passive", False)])
def test_who_begins_the_handshake_is_ours_to_choose_only_when_the_offer_says_so(
    setup: str, any_role: bool
) -> None:
    assert read_offer(offer(OPUS, VP8).replace("actpass", setup)).any_role is any_role


@pytest.mark.parametrize(
    "offered",
    ["v=0\r\nm=audio\r\n", "v=0\r\nm=video x y z\r\n\x00\x00", "v=0\r\nm=video 9 a b\r\na=rtpmap:\r\n"],
)
def test_what_cannot_be_parsed_is_refused_in_words_of_ours(offered: str) -> None:
    with pytest.raises(Rejected, match="cannot be answered") as refused:
        read_offer(offered)
    assert "Error" not in str(refused.value)
    assert "(" not in str(refused.value).replace("H.264 (", "")


def test_rtp_and_rtcp_share_a_port_and_an_offer_that_cannot_is_refused() -> None:
    only = offer(OPUS, VP8).replace("a=rtcp-mux", "a=rtcp-mux\r\na=rtcp-mux-only")
    assert read_offer(only).kinds == ("audio", "video")
    with pytest.raises(Rejected, match="its audio has no a=rtcp-mux"):
        read_offer(offer(OPUS.replace("a=rtcp-mux\r\n", ""), VP8))


def test_kinds_are_returned_in_the_offers_order() -> None:
    assert read_offer(offer(VP8, OPUS)).kinds == ("video", "audio")
