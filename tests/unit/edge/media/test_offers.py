from __future__ import annotations

import pytest

from edge.media.offers import check_offer
from shared.errors import Rejected


def test_an_offer_with_too_many_candidates_is_refused() -> None:
    offered = "v=0\r\nm=video 9 a 1\r\n" + "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n" * 65
    with pytest.raises(Rejected, match="candidates"):
        check_offer(offered)


@pytest.mark.parametrize(("attribute", "most"), [("ice-ufrag", 64), ("ice-pwd", 128)])
def test_ice_credentials_are_bounded(attribute: str, most: int) -> None:
    offered = "v=0\r\nm=video 9 a 1\r\na={}:{}\r\nm=audio 9 a 1\r\na={}:{}\r\n"
    check_offer(offered.format(attribute, "x" * 4, attribute, "x" * most))
    with pytest.raises(Rejected, match=attribute):
        check_offer(offered.format(attribute, "x" * 4, attribute, "x" * (most + 1)))
