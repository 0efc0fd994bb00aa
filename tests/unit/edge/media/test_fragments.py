from __future__ import annotations

import pytest

from edge.media.fragments import candidates, credentials
from shared.errors import Rejected

OFFER = "v=0\r\na=ice-ufrag:abcd\r\nm=audio 9 a 1\r\na=mid:0\r\nm=video 9 a 1\r\na=mid:1\r\n"
OFFERED = credentials(OFFER)
ONE = "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"
TWO = "a=candidate:2 1 UDP 1 2001:db8::1 5001 typ srflx raddr 0.0.0.0 rport 0 generation 0"


def test_a_fragment_gives_each_candidate_with_its_section() -> None:
    first = f"a=ice-ufrag:abcd\r\nm=audio 9 a 0\r\na=mid:0\r\n{ONE}\r\n"
    fragment = f"{first}a=mid:1\r\n{TWO}\r\na=end-of-candidates\r\n"
    assert candidates(fragment, OFFERED) == [("0", ONE), ("1", TWO), ("1", "")]


@pytest.mark.parametrize(
    "fragment",
    [
        "",
        "nonsense",
        "a=mid:0\r\n",
        f"a=mid:7\r\n{ONE}\r\n",
        f"{ONE}\r\nnonsense\r\n",
        f"{ONE}\r\na=candidate:nonsense\r\n",
        "a=candidate:1 1 udp 1 192.0.2.1 port typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 5000 typ other",
    ],
)
def test_a_malformed_fragment_is_refused_as_a_whole(fragment: str) -> None:
    with pytest.raises(Rejected, match="the fragment cannot be read") as refused:
        candidates(fragment, OFFERED)
    assert refused.value.status == 400


def test_another_ufrag_asks_for_a_restart_and_none_at_all_does_not() -> None:
    with pytest.raises(Rejected) as refused:
        candidates(f"a=ice-ufrag:efgh\r\n{ONE}\r\n", OFFERED)
    assert (refused.value.status, refused.value.code) == (422, "no-restart")
    assert candidates(ONE, OFFERED) == [(None, ONE)]
