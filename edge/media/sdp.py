"""Reads and edits our own SDP answer. Pure functions on text. A peer's SDP is never edited."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """What our answer requests from the sender."""

    audio_ptime_ms: int = 60
    """Sound per packet: at 20 ms, audio packets cost more than 5 pictures a second."""
    video_kbps: int = 600
    """Upper limit of the sender's video rate (b=AS, RFC 8859)."""
    announced_ip: str | None = None
    """Public address to offer for each local one of its family, for hosts behind one-to-one NAT."""


def payload_codecs(answer_sdp: str) -> dict[int, str]:
    """RTP payload type to codec name, from our answer (`a=rtpmap`)."""
    codecs: dict[int, str] = {}
    for line in answer_sdp.splitlines():
        if line.startswith("a=rtpmap:"):
            payload_type, encoding = line.removeprefix("a=rtpmap:").split(" ", 1)
            codecs[int(payload_type)] = encoding.split("/", 1)[0]
    return codecs


def passive(answer_sdp: str) -> str:
    """Our answer as the side that waits for the DTLS handshake, for an offer that lets us choose.

    The waiting side's certificate decides which ciphers can be used. aiortc has ciphers for ECDSA only, like
    its own certificate, and some peers have an RSA certificate.
    """
    return answer_sdp.replace("a=setup:active\r\n", "a=setup:passive\r\n")


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
