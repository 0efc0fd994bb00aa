"""Makes an aiortc connection from settings and an offer; turns aiortc's errors into this project's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpReceiver
from aiortc.codecs import CODECS, is_rtx
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcpeerconnection import is_codec_compatible
from aiortc.sdp import MediaDescription, SessionDescription

from edge.media.addresses import Reach
from edge.media.gathering import LocalPorts
from edge.media.offers import OfferedMedia, check_offer, check_sections
from edge.media.sdp import AnswerShape
from shared.errors import Rejected
from shared.ice import IceServer

_CODECS = {"audio": ("audio/opus",), "video": ("video/VP8", "video/H264", "video/rtx")}


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How this node connects."""

    ice_servers: tuple[IceServer, ...] = ()
    """All servers. Empty: only host candidates, and no internet is needed to connect."""
    answer: AnswerShape = field(default_factory=AnswerShape)
    reach: Reach = field(default_factory=Reach)
    ports: LocalPorts = field(default_factory=LocalPorts)


_PARSE_ERRORS = (ValueError, LookupError, AttributeError, AssertionError, TypeError, StopIteration)
"""aiortc's SDP parser has no error of its own: an invalid text raises one of these."""
ANSWER_ERRORS = (*_PARSE_ERRORS, InternalError, InvalidAccessError, InvalidStateError, OperationError)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offer says, after all checks."""

    kinds: tuple[str, ...]
    """Its kinds of media, in order."""
    any_role: bool
    """Whether it lets us choose who begins the DTLS handshake (`a=setup:actpass`)."""


def read_offer(offer_sdp: str) -> Offer:
    """Read an offer before anything is built. Raises Rejected with the reason when it cannot be answered."""
    check_offer(offer_sdp)
    try:
        description = SessionDescription.parse(offer_sdp)
        sections = [_section(media) for media in description.media]
    except _PARSE_ERRORS as error:
        raise Rejected("the offer cannot be answered: it is not valid SDP", code="bad-offer") from error
    mids = [media.rtp.muxId for media in description.media]
    bundled = [mid for group in description.group if group.semantic == "BUNDLE" for mid in group.items]
    if not all(mids) or len(set(mids)) != len(mids) or not set(bundled) <= set(mids):
        raise Rejected("the offer cannot be answered: its mids do not match", code="bad-offer")
    check_sections(sections)
    return Offer(
        kinds=tuple(section.kind for section in sections),
        any_role=all(media.dtls is not None and media.dtls.role == "auto" for media in description.media),
    )


def _section(media: MediaDescription) -> OfferedMedia:
    ours = [
        codec for codec in CODECS[media.kind] if codec.mimeType in _CODECS[media.kind] and not is_rtx(codec)
    ]
    return OfferedMedia(
        kind=media.kind,
        direction=media.direction or "sendrecv",
        codecs=tuple(codec.name for codec in media.rtp.codecs),
        usable=any(is_codec_compatible(one, other) for one in ours for other in media.rtp.codecs),
        rtcp_mux=media.rtcp_mux,
    )


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def turn() -> asyncio.Lock:
    """Held while an offer is worked on, so that many offers at once do not block this loop one after another:
    between any two steps of that work, all else gets its time."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


def open_connection(servers: tuple[IceServer, ...]) -> RTCPeerConnection:
    """Open a connection with these servers and no others."""
    # The list is given even when it is empty: None would mean Google's public STUN server.
    ice_servers = [RTCIceServer(list(s.urls), s.username, s.credential) for s in servers]
    return RTCPeerConnection(RTCConfiguration(iceServers=ice_servers))


def preferred_codecs(kind: str) -> list[Any]:
    """Codecs to receive for `kind`, best first; the answer leaves out all others of the offer."""
    capabilities = RTCRtpReceiver.getCapabilities(kind)
    assert capabilities is not None
    codecs = capabilities.codecs
    return [codec for wanted in _CODECS[kind] for codec in codecs if codec.mimeType == wanted]
