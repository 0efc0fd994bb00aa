"""Floods from a process of their own against the whole installation: cut early, and others are answered.

`python -m tests.benchmarks neighbours` measures how quickly; here stands only that nobody waits for seconds.
"""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.candidates import real_offer
from tests.support.flooder import CODES
from tests.support.neighbour import Waits, beside
from tests.support.whole import Whole

pytestmark = [pytest.mark.weights, pytest.mark.realtime]

SECONDS = 2.0
LATEST_S = 1.0
"""What a busy machine may add to some hundredths of a second. Without bounds it was 3 to 4 s."""


def served(waits: Waits) -> None:
    assert waits.failed == 0
    assert len(waits.answered_s) > 5
    assert waits.share(0.95) < LATEST_S, waits


def ends(counts: dict[str, int]) -> set[str]:
    return {what for what in counts if what.startswith(("closed", "refused"))}


@pytest.mark.parametrize("attack", ["pings", "texts"])
@pytest.mark.parametrize("place", ["node", "coordinator"])
def test_a_flood_of_frames_is_cut_with_1008_and_delays_nobody(site: Whole, place: str, attack: str) -> None:
    session = site.start(f"CAND-{place}-{attack}")
    url = session.signaling_url if place == "node" else session.websocket_url
    asks = (site.prepared.edge_url if place == "node" else site.prepared.coordinator_url) + "/healthz"
    waits, counts = beside(
        attack, url, asks, seconds=SECONDS, rate=100_000, token=session.session_token, offer=""
    )
    served(waits)
    assert ends(dict(counts)) == {"closed 1008"}
    assert counts["closed 1008"] >= 1


@pytest.mark.parametrize("attack", ["idle", "slow"])
@pytest.mark.parametrize("place", ["node", "coordinator"])
def test_thousands_of_idle_strangers_keep_nobody_out(site: Whole, place: str, attack: str) -> None:
    url = site.prepared.edge_url if place == "node" else site.prepared.coordinator_url
    waits, counts = beside(attack, url, f"{url}/healthz", seconds=SECONDS, rate=2_500, token="", offer="")
    served(waits)
    assert counts["opened"] >= 1_000, "the attack took place"


def test_one_token_opens_few_sockets_and_streams(site: Whole) -> None:
    session = site.start("CAND-offers")
    asks, token = f"{site.prepared.edge_url}/healthz", session.session_token
    waits, counts = beside("offers", session.whip_url, asks, seconds=SECONDS, token=token, offer="v=0\r\n")
    served(waits)
    assert counts["answered 400"] <= 8 + 0.5 * 30
    assert counts["answered 429"] > 0
    waits, counts = beside("sockets", session.websocket_url, asks, seconds=SECONDS, token=token, offer="")
    assert counts["opened"] <= 20 + 0.5 * 30
    watched = site.start("CAND-sockets")
    token = watched.session_token
    waits, counts = beside("sockets", watched.signaling_url, asks, seconds=SECONDS, token=token, offer="")
    served(waits)
    assert counts["opened"] <= 12 + 1.0 * 30
    assert set(counts) <= {"opened", "refused 429"}


def test_many_offers_at_once_are_answered_or_refused_at_once_and_delay_nobody(site: Whole) -> None:
    sessions = [site.start(f"CAND-crowd-{number}") for number in range(4)]
    crowd = json.dumps(20 * [[session.whip_url, session.session_token] for session in sessions])
    asks = f"{site.prepared.edge_url}/healthz"
    waits, counts = beside("crowd", asks, asks, seconds=2 * SECONDS, offer=real_offer(), crowd=crowd)
    served(waits)
    assert set(counts) <= {"answered 201", "answered 409", "answered 429"}
    assert counts["answered 201"] >= 1
    assert counts["answered 429"] >= 80 - 4 * (8 + 0.5 * 30)


def test_wrong_codes_of_an_address_shut_nobody_out_behind_it_and_no_header_hides_it(site: Whole) -> None:
    session = site.start("CAND-codes")
    look = f"{site.prepared.coordinator_url}/api/v1/join/look"
    asks = f"{site.prepared.coordinator_url}/healthz"
    waits, counts = beside("codes", look, asks, seconds=SECONDS)
    served(waits)
    assert counts["other 404"] == CODES, "each is tried"
    assert counts["same 429"] > 0, "though each came as if from elsewhere"
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as same_address:
        code = {"code": session.join_url.partition("#")[2]}
        assert same_address.post(look, json=code).status_code == 200


def test_metrics_and_reasons_are_for_the_status_ports_alone(site: Whole) -> None:
    prepared = site.prepared
    assert httpx.get(f"{prepared.edge_url}/metrics").status_code == 404
    assert httpx.get(f"{prepared.edge_url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{prepared.coordinator_url}/metrics").status_code == 401
    assert httpx.get(f"{prepared.coordinator_url}/readyz").json() == {"status": "ready"}
    assert "loop_lag_p99_s" in httpx.get(f"{prepared.edge_status_url}/healthz").json()
    assert httpx.get(f"{prepared.coordinator_status_url}/readyz").json()["reasons"] == []
    for url in (prepared.edge_status_url, prepared.coordinator_status_url):
        assert "connections_closed_total" in httpx.get(f"{url}/metrics").text
