"""Checks a peer's SDP offer and edits our own answer. Pure functions on text.

A peer's SDP is never edited; only our own answer is.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from shared.errors import Rejected

_OFFER_BYTES = 64 * 1024
_CANDIDATES = 64
"""The most candidate lines that are read; `candidates` limits how many addresses are tried."""
_CREDENTIAL_CHARS = {"a=ice-ufrag:": 64, "a=ice-pwd:": 128}
"""The longest credentials, because each of our datagrams repeats them. Browsers send 4 to 8, and 24."""


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """What our answer requests from the sender."""

    audio_ptime_ms: int = 60
    """Sound per packet: at 20 ms, audio packets cost more than 5 pictures a second."""
    video_kbps: int = 600
    """Upper limit of the sender's video rate (b=AS, RFC 8859)."""
    announced_ip: str | None = None
    """Public address to offer for each local one of its family, for hosts behind one-to-one NAT."""


def check_offer(offer_sdp: str) -> tuple[str, ...]:
    """The kinds of media offered, in order. Raises Rejected with the reason when we cannot answer.

    At most one audio and one video section, and nothing else; sizes and counts are bounded.
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
    return kinds


def payload_codecs(answer_sdp: str) -> dict[int, str]:
    """RTP payload type to codec name, from our answer (`a=rtpmap`)."""
    codecs: dict[int, str] = {}
    for line in answer_sdp.splitlines():
        if line.startswith("a=rtpmap:"):
            payload_type, encoding = line.removeprefix("a=rtpmap:").split(" ", 1)
            codecs[int(payload_type)] = encoding.split("/", 1)[0]
    return codecs


def shape_answer(answer_sdp: str, shape: AnswerShape) -> str:
    """Add packet time, rate limit and announced address to our answer. ValueError for an invalid address."""
    if shape.announced_ip is not None:
        ipaddress.ip_address(shape.announced_ip)
    written: list[str] = []
    kind = ""
    for line in answer_sdp.splitlines():
        if line.startswith("m="):
            kind = line[2:].split(" ", 1)[0]
        written.append(line)
        if line.startswith("c=") and kind == "video":
            written.append(f"b=AS:{shape.video_kbps}")
        if line.startswith("a=mid:") and kind == "audio":
            written.append(f"a=ptime:{shape.audio_ptime_ms}")
            written.append(f"a=maxptime:{shape.audio_ptime_ms}")
        if shape.announced_ip is not None and line.startswith("a=candidate:"):
            written += _announced(line, shape.announced_ip)
    return "\r\n".join(written) + "\r\n"


def _announced(line: str, address: str) -> list[str]:
    """A host candidate like `line`, at `address`; none for other candidates.

    foundation component transport priority address port "typ" type … (RFC 8839, 5.1)
    """
    fields = line.removeprefix("a=candidate:").split(" ")
    same_family = len(fields) > 7 and (":" in fields[4]) == (":" in address)
    if not same_family or fields[7] != "host" or fields[4] == address:
        return []
    fields[0] += "a"
    fields[4] = address
    return ["a=candidate:" + " ".join(fields)]


def _refused(reason: str, status: int = 400) -> Rejected:
    return Rejected(reason, code="bad-offer", status=status)
