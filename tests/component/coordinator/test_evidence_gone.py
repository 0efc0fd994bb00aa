"""Once the evidence keys are destroyed, nothing shows a picture any more, and the alerts are as they were."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

from PIL import Image
from sqlmodel import Session, select

from coordinator.evidence import service as evidence
from coordinator.ground.keyring import KeyKind
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.sessions import service as sessions
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import Alert
from shared.bundles import unbundled
from shared.errors import Corrupt
from shared.events.types import EventType
from shared.evidence import Picture, data_url, open_picture, read_picture
from tests.support.album import pictured, pictures_of
from tests.support.exam_site import NODE_KEY, OnSite, Site
from tests.support.findings import ended_alert, until_stored


def still() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 90, 60)).save(out, "JPEG")
    return out.getvalue()


async def watched(site: Site) -> Alert:
    """A session with one finding whose picture can be seen, and the finding."""
    await site.started("SESS-1", "CAND-1")
    left = ended_alert(site, EventType.LEFT_FRAME, 200.0)
    left = left.model_copy(update={"evidence_pictures": pictured(left.event_id, still())})
    await site.node.publish(left, site.node.obeyed.newest)
    await until_stored(site, 1)
    return left


async def everything(site: Site) -> dict[str, str]:
    """Whatever shows alerts to people, as text."""
    [incident] = (await site.get("/incidents", params={"exam_session_id": "SESS-1"})).json()["items"]
    paths = {
        "alerts": "/alerts?event_type=LEFT_FRAME",
        "timeline": "/session/SESS-1/timeline",
        "incident": f"/incidents/{incident['incident_id']}",
        "page": "/session/SESS-1/report.html",
    }
    shown = {name: (await site.get(path)).text for name, path in paths.items()}
    bundle = (await site.get("/session/SESS-1/hearing-bundle")).content
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        shown["bundle"] = archive.read("alerts.jsonl").decode()
        shown["bundled page"] = archive.read("report.html").decode()
    return shown


def opened_by_anybody(parcels: Sequence[bytes], picture: Picture, every: Sequence[Key], site: Site) -> int:
    """How many of the parcels some living key of this coordinator opens."""
    count = 0
    for parcel in parcels:
        sealed = read_picture(parcel, NODE_KEY.public_key())
        for key in every:
            if key.kind is KeyKind.SEALING and key.wrapped is not None:
                try:
                    open_picture(sealed, picture.ref, site.parts.keys.keyring.open_private(key))
                    count += 1
                except Corrupt:
                    continue
    return count


def test_pictures_are_gone_everywhere_and_alerts_are_not(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        alert = await watched(site)
        [picture] = pictures_of(alert)
        parcels = [one for message in site.node.published for one in unbundled(message).beside]
        before = await everything(site)
        assert {name for name, text in before.items() if data_url(still()) not in text} == set()
        every = await site.parts.reading(lambda db: list(db.exec(select(Key))))
        assert opened_by_anybody(parcels, picture, every, site) == len(parcels) == 1
        report = (await site.get("/session/SESS-1/report")).json()
        assert [(one["picture"], one["has_thumbnail"]) for one in report["findings"]] == [("kept", True)]

        def destroy(db: Session) -> int:
            session = sessions.find(db, DEFAULT_TENANT_ID, "SESS-1").session
            return keys.destroy(db, evidence.owner_of(session), datetime.now(UTC))

        assert await site.parts.writing(destroy) == 2
        after = await everything(site)
        assert {name for name, text in after.items() if "image/jpeg;base64," in text} == set()
        every = await site.parts.reading(lambda db: list(db.exec(select(Key))))
        assert opened_by_anybody(parcels, picture, every, site) == 0
        # The alert says all that it said, and the report that its picture was erased.
        [item] = json.loads(after["alerts"])["items"]
        assert item == json.loads(before["alerts"])["items"][0] | {"evidence_thumbnail": None}
        erased = (await site.get("/session/SESS-1/report")).json()
        assert [(one["picture"], one["has_thumbnail"]) for one in erased["findings"]] == [("erased", False)]
        assert erased["erased_alerts"] == 0
        assert "Its picture was erased." in after["page"]
        assert "Its picture" not in before["page"]

    on_site(test)


def test_a_report_says_which_picture_was_not_kept(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        start = site.node.obeyed.newest
        given_up = ended_alert(site, EventType.LEFT_FRAME, 10.0)
        await site.node.publish(given_up, start.model_copy(update={"evidence_key": None}))
        await until_stored(site, 1)
        report = (await site.get("/session/SESS-1/report")).json()
        assert [one["picture"] for one in report["findings"]] == ["missing"]
        assert "Its picture was not kept." in (await site.get("/session/SESS-1/report.html")).text
        counted = site.parts.metrics.registry.get_sample_value(
            "coordinator_alert_messages_total", {"what": "evidence-missing"}
        )
        assert counted == 1

    on_sqlite(test)


def test_a_session_is_told_its_evidence_key_and_told_again_until_it_is_destroyed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        first = site.node.obeyed.newest
        assert first.evidence_key is not None
        assert first.evidence_key != first.seal_key
        await site.started("SESS-2", "CAND-1")
        second = site.node.obeyed.newest
        assert (second.evidence_key_id, second.evidence_key) == (first.evidence_key_id, first.evidence_key)
        await site.started("SESS-3", "CAND-3")
        assert site.node.obeyed.newest.evidence_key_id != first.evidence_key_id

        async def told_again() -> str | None:
            response = await site.post("/session/SESS-1/pause", {"reason": "Fire alarm."})
            assert response.status_code == 200, response.text
            await site.post("/session/SESS-1/resume", {"reason": "It is over."})
            return site.node.obeyed.changed[-1].evidence_key

        assert await told_again() == first.evidence_key

        def destroy(db: Session) -> int:
            session = sessions.find(db, DEFAULT_TENANT_ID, "SESS-1").session
            return keys.destroy(db, evidence.owner_of(session), datetime.now(UTC))

        assert await site.parts.writing(destroy) == 2
        assert await told_again() is None
        await site.started("SESS-4", "CAND-1")
        assert site.node.obeyed.newest.evidence_key not in (None, first.evidence_key)

    on_site(test)
