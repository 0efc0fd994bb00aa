"""Reads the SDP fragments that carry ICE candidates over WHIP (RFC 8840). Pure.

A fragment is taken as a whole or refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from shared.errors import Rejected

_LINE: Final = re.compile(r"[a-z]=\S.*")
_CANDIDATE: Final = re.compile(r"a=candidate:\S+ \d+ \S+ \d+ \S+ \d{1,5} typ (host|srflx|prflx|relay)( .*)?")
"""foundation component transport priority address port "typ" type … (RFC 8839, 5.1)"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an offer says of its ICE session."""

    ufrags: frozenset[str]
    mids: frozenset[str]


def credentials(offer_sdp: str) -> Credentials:
    """The ICE names and the sections of an offer."""
    return Credentials(
        ufrags=frozenset(_values(offer_sdp, "a=ice-ufrag:")), mids=frozenset(_values(offer_sdp, "a=mid:"))
    )


def candidates(fragment: str, offered: Credentials) -> list[tuple[str | None, str]]:
    """`(mid, candidate line)` of each candidate in a fragment; empty text marks their end.

    Raises Rejected: 400 for a malformed fragment, 422 for one of another ICE session, which
    asks for a restart.
    """
    lines = [line.strip() for line in fragment.splitlines() if line.strip()]
    if not all(map(_LINE.fullmatch, lines)):
        raise _malformed("each line must begin with a letter and =")
    if not offered.ufrags.issuperset(_values(fragment, "a=ice-ufrag:")):
        raise no_restart()
    found: list[tuple[str | None, str]] = []
    mid: str | None = None
    for line in lines:
        if line.startswith("a=mid:"):
            mid = _known(line.removeprefix("a=mid:"), offered.mids)
        elif line.startswith("a=candidate:"):
            if not _CANDIDATE.fullmatch(line):
                raise _malformed("it has a line that is not an ICE candidate")
            found.append((mid, line))
        elif line.startswith("a=end-of-candidates"):
            found.append((mid, ""))
    if not found:
        raise _malformed("it has no candidate and no end of candidates")
    return found


def no_restart() -> Rejected:
    """The answer to a request for an ICE restart. The running stream goes on."""
    return Rejected("ICE restarts are not supported; post a new offer", code="no-restart", status=422)


def _values(sdp: str, attribute: str) -> list[str]:
    return [line.removeprefix(attribute).strip() for line in sdp.splitlines() if line.startswith(attribute)]


def _known(mid: str, mids: Collection[str]) -> str:
    if mid not in mids:
        raise _malformed("its a=mid is in no section of the offer")
    return mid


def _malformed(why: str) -> Rejected:
    return Rejected(f"the fragment cannot be read: {why}", code="bad-fragment", status=400)
