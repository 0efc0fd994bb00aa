"""What a proctor does to a running session: on its timeline, on its sockets, and only by a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.served_site import listening_to, served

REASON = {"reason": "The fire alarm went off."}
ACTS: dict[str, dict[str, Any]] = {
    "message": {"message": "Please turn the camera."},
    "pause": REASON,
    "resume": REASON,
    "extra-time": {**REASON, "minutes": 10},
    "flag": REASON,
    "terminate": REASON,
}


async def heard(socket: Any) -> list[dict[str, Any]]:
    """Everything a socket says until it closes, but for its heartbeats."""
    messages = [json.loads(text) async for text in socket]
    return [message for message in messages if message["type"] != "heartbeat"]


def test_every_act_stands_on_the_timeline_and_the_candidate_hears_all_but_the_flag(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        proctor = site.bearer(Role.PROCTOR, "ann")
        async with served(site) as url:
            listener = listening_to(f"{url}/SESS-1", started["session_token"])
            staff = listening_to(f"{url}/SESS-1", site.token(Role.PROCTOR, "ann"))
            async with listener as candidate, staff as wall:
                await candidate.recv()
                for act, body in ACTS.items():
                    answer = await site.post(f"/session/SESS-1/{act}", body, headers=proctor)
                    assert answer.status_code == 200, answer.text
                    assert answer.json()["by"] == "ann"
                    assert answer.json()["told_candidate"] == (act != "flag")
                told, seen = await heard(candidate), await heard(wall)
        names = ["MESSAGE", "PAUSE", "RESUME", "EXTRA_TIME", "TERMINATE"]
        assert [(m["type"], m["event_type"]) for m in told] == [("message", f"PROCTOR_{n}") for n in names]
        assert told[0]["message"] == "Please turn the camera."
        assert told[3]["message"] == "You have 10 more minutes."
        assert "fire" not in str(told)
        assert "PROCTOR_FLAG" in {m["event_type"] for m in seen}

        timeline = (await site.get("/session/SESS-1/timeline")).json()
        acts = [one for one in timeline["items"] if one["event_class"] == "proctor"]
        assert len(acts) == 6
        assert all(one["evidence"]["by"] == "ann" and one["severity_score"] == 0 for one in acts)
        assert acts[1]["evidence"]["reason"] == REASON["reason"]
        assert [one["event_type"] for one in timeline["items"]][-2:] == ["PROCTOR_TERMINATE", "SESSION_ENDED"]
        assert timeline["session"]["status"] == "ended"
        assert [one.submitted for one in site.node.obeyed.ended] == [False]

    on_site(test)


@pytest.mark.parametrize("act", ACTS)
def test_only_persons_of_the_institution_act_and_only_while_it_runs(on_sqlite: OnSite, act: str) -> None:
    async def test(site: Site) -> None:
        await site.started()
        path, body = f"/session/SESS-1/{act}", ACTS[act]
        for role in (Role.CANDIDATE, Role.SYSTEM, Role.DPO):
            refused = await site.post(path, body, headers=site.bearer(role, "CAND-1"))
            assert (refused.status_code, refused.json()["code"]) == (403, "role-forbidden")
        stranger = await site.post(path, body, headers=site.bearer(tenant_id=await site.institution()))
        assert (stranger.status_code, stranger.json()["code"]) == (404, "session-unknown")
        assert (await site.post(path, {})).status_code == 422
        await site.post("/session/SESS-1/end")
        late = await site.post(path, body)
        assert (late.status_code, late.json()["code"]) == (410, "session-ended")
        timeline = (await site.get("/session/SESS-1/timeline")).json()["items"]
        assert not [one for one in timeline if one["event_class"] == "proctor"]

    on_sqlite(test)


def test_two_messages_in_one_instant_are_both_kept(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        site.at(datetime.now(UTC))
        for text in ("One.", "Two."):
            await site.post("/session/SESS-1/message", {"message": text})
        timeline = (await site.get("/session/SESS-1/timeline")).json()["items"]
        assert {one["message"] for one in timeline if one["event_class"] == "proctor"} == {"One.", "Two."}

    on_sqlite(test)
