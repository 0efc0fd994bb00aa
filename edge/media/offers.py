"""Checks a peer's SDP offer. Pure.

First its text, which bounds the work of parsing it; then what it offers. Each refusal says what is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from shared.errors import Rejected

_OFFER_BYTES = 64 * 1024
_CANDIDATES = 64
"""The most candidate lines that are read; `candidates` limits how many addresses are tried."""
_CREDENTIAL_CHARS = {"a=ice-ufrag:": 64, "a=ice-pwd:": 128}
"""The longest credentials, because each of our datagrams repeats them. Browsers send 4 to 8, and 24."""
_SENDS: Final = ("sendonly", "sendrecv")
_HELPERS: Final = ("rtx", "red", "ulpfec", "flexfec-03", "telephone-event", "cn")
"""Payload types that carry no media of their own, in lower case."""


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One kind of media in an offer."""

    kind: str
    """`audio` or `video`."""
    direction: str
    """`sendrecv`, `sendonly`, `recvonly` or `inactive`."""
    codecs: tuple[str, ...]
    """The names of all its codecs."""
    usable: bool
    """Whether one of them can be received."""
    rtcp_mux: bool
    """Whether RTCP may use the port of RTP."""


def check_offer(offer_sdp: str) -> None:
    """Check an offer's text before it is parsed. Raises Rejected with the reason when we cannot answer.

    At most one audio and one video section, with one layer, and nothing else; sizes and counts are bounded.
    """
    if len(offer_sdp.encode()) > _OFFER_BYTES:
        raise _refused("the offer is larger than 64 KiB", status=413)
    lines = offer_sdp.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise _refused("the offer is not SDP: it must begin with v=0")
    kinds = tuple(line[2:].split(" ", 1)[0] for line in lines if line.startswith("m="))
    if not kinds:
        raise _refused("the offer has no media section")
    if unknown := sorted(set(kinds) - {"audio", "video"}):
        raise _refused(f"only audio and video are accepted, not {', '.join(unknown)[:40]}")
    if len(set(kinds)) != len(kinds):
        raise _refused("at most one audio and one video section are accepted")
    if sum(line.startswith("a=candidate:") for line in lines) > _CANDIDATES:
        raise _refused(f"the offer has more than {_CANDIDATES} candidates")
    for attribute, most in _CREDENTIAL_CHARS.items():
        if any(len(line.strip()) > len(attribute) + most for line in lines if line.startswith(attribute)):
            raise _refused(f"the offer has an {attribute[2:-1]} of more than {most} characters")
    if any(_layers(line.strip()) > 1 for line in lines):
        raise _refused("simulcast is not accepted: send one layer of video, of 640x480 or more")


def check_sections(sections: Sequence[OfferedMedia]) -> None:
    """Check what is offered. Raises Rejected with what is needed instead."""
    for section in sections:
        if section.direction not in _SENDS:
            raise _refused(
                f"the offer cannot be answered: its {section.kind} is {section.direction}; it must be "
                "sendonly or sendrecv, because camera and microphone are received here and nothing is sent"
            )
        if not section.rtcp_mux:
            raise _refused(
                f"the offer cannot be answered: its {section.kind} has no a=rtcp-mux, and RTP and RTCP share "
                "a port here"
            )
        if not section.usable:
            named = dict.fromkeys(name for name in section.codecs if name.lower() not in _HELPERS)
            raise _refused(
                "the offer cannot be answered: VP8 or H.264 (constrained baseline, packetization-mode=1) "
                f"and Opus are needed, and its {section.kind} has only {', '.join(named)[:80]}"
            )


def _layers(line: str) -> int:
    """How many layers of one picture a line offers to send; 0 for any other line."""
    if line.startswith("a=ssrc-group:SIM "):
        return len(line.split()) - 1
    if not line.startswith("a=simulcast:"):
        return 0
    words = line.removeprefix("a=simulcast:").split()
    return sum(len(layers.split(";")) for way, layers in pairwise(words) if way == "send")


def _refused(reason: str, status: int = 400) -> Rejected:
    return Rejected(reason, code="bad-offer", status=status)
