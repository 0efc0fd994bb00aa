"""A verdict counts for what its reviewer was shown: an alert that came meanwhile is nobody's verdict."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.types import EventType
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found, noticed
from tests.support.reviewers import TEXT, Reviewers, code, later

DISMISSAL = {"reason": "harmless"}


@pytest.mark.parametrize(("verdict", "body"), [("dismiss", DISMISSAL), ("confirm", TEXT)])
def test_a_verdict_on_fewer_alerts_than_there_are_is_refused(
    on_site: OnSite, verdict: str, body: dict[str, Any]
) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.GAZE_OFF_SCREEN, 1.0))
        path = f"/incidents/{incident['incident_id']}/{verdict}"
        await noticed(site, (EventType.FACE_MISMATCH, 5.0))
        assert code(await people.do("ann", path, body | {"alert_count": 1})) == (409, "incident-grown")
        after = (await people.get(f"/incidents/{incident['incident_id']}"))["incident"]
        assert (after["state"], after["alert_count"]) == ("open", 2)
        assert (await people.do("ann", path, body | {"alert_count": 2})).status_code == 200

    on_site(test)


def test_an_appeal_is_not_decided_on_fewer_alerts_than_there_are(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.GAZE_OFF_SCREEN, 1.0))
        path = f"/incidents/{incident['incident_id']}"
        for who in ("ann", "bob"):
            await people.do(who, f"{path}/confirm", TEXT)
        await site.post("/session/SESS-1/end")
        later(site)  # the candidate is told when nobody can undo it any more
        candidate = site.bearer(Role.CANDIDATE, "CAND-SESS-1")
        assert (await site.post(f"{path}/appeal", TEXT, headers=candidate)).status_code == 200
        await noticed(site, (EventType.FACE_MISMATCH, 5.0))
        decision = {"decision": "uphold", **TEXT}
        refused = await people.do("cleo", f"{path}/appeal/decide", decision | {"alert_count": 1})
        assert code(refused) == (409, "incident-grown")
        decided = await people.do("cleo", f"{path}/appeal/decide", decision | {"alert_count": 2})
        assert code(decided) == (200, "upheld")

    on_sqlite(test)
