"""Makes an aiortc connection from settings and an offer; turns aiortc's errors into this project's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpReceiver
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import SessionDescription

from edge.media.addresses import Reach
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


_PARSE_ERRORS = (ValueError, LookupError, AttributeError, AssertionError, TypeError, StopIteration)
"""aiortc's SDP parser has no error of its own: an invalid text raises one of these."""
ANSWER_ERRORS = (*_PARSE_ERRORS, InternalError, InvalidAccessError, InvalidStateError, OperationError)


def check_parses(offer_sdp: str) -> None:
    """Check that aiortc can read an offer, before anything is built. Raises Rejected when it cannot."""
    try:
        description = SessionDescription.parse(offer_sdp)
    except _PARSE_ERRORS as error:
        raise Rejected(f"the offer cannot be answered: {error!r:.100}", code="bad-offer") from error
    mids = [media.rtp.muxId for media in description.media]
    bundled = [mid for group in description.group if group.semantic == "BUNDLE" for mid in group.items]
    if not all(mids) or len(set(mids)) != len(mids) or not set(bundled) <= set(mids):
        raise Rejected("the offer cannot be answered: its mids do not match", code="bad-offer")


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
