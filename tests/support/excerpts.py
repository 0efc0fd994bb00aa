"""What was said around a phrase, in a session of a candidate who agreed to recognising it."""

from __future__ import annotations

import base64
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.alerts import Alert
from shared.events.types import EventType
from shared.excerpts import Excerpt, ExcerptHeader, seal_excerpt
from shared.messages.sessions import StartSession
from shared.sealing import parse_sealing_public
from shared.tokens import Role
from tests.support.exam_site import Site
from tests.support.findings import alert, until_stored

SAID: Final = Excerpt(
    phrases=("what is the answer",),
    text="psst, what is the answer to number seven",
    duration_s=8.2,
    clip=base64.b64encode(b"OggS and so on").decode(),
)
ASKED: Final = {"features": {"speech_transcription": True}, "phrases": ["what is the answer"]}
YES: Final = {"given": True, "text_version": "1"}
NO: Final = {"given": False, "text_version": "1", "confirm": True}


async def begun(site: Site, *, agreed: bool = True, policy: dict[str, Any] | None = None) -> StartSession:
    """A session of CAND-1 as its node was told to start it."""
    if agreed:
        await said(site, YES)
    await site.started(policy=ASKED if policy is None else policy)
    return site.node.obeyed.newest


async def said(site: Site, word: dict[str, Any]) -> None:
    """CAND-1's own word on recognising speech."""
    path = "/api/v1/consents/CAND-1/speech-transcription"
    mine = site.bearer(Role.CANDIDATE, "CAND-1")
    assert (await site.http.put(path, json=word, headers=mine)).status_code == 200


def spoken(order: StartSession, site: Site) -> Alert:
    """The alert of a phrase, as a node seals what was said into it."""
    plain = alert(order, site.node, EventType.KEYWORD_SPOKEN, 5.0)
    assert order.transcript_key is not None
    assert order.transcript_key_id is not None
    header = ExcerptHeader(
        alert_id=plain.event_id, session_id=order.session_id, key_id=order.transcript_key_id
    )
    signing, to = Ed25519PrivateKey.generate(), parse_sealing_public(order.transcript_key)
    return plain.model_copy(update={"sealed_excerpt": seal_excerpt(SAID, header, signing, to)})


async def published(site: Site, made: Alert, order: StartSession) -> str:
    """Publish an alert and wait until it is stored; the path of what was said."""
    await site.node.publish(made, order)
    await until_stored(site, 1)
    return f"/alerts/{made.event_id}/excerpt"
