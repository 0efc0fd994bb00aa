"""A worker's settings reach its process as they are."""

from __future__ import annotations

from uuid import uuid4

from edge.media.addresses import Reach
from edge.media.negotiation import PeerSettings
from edge.media.sdp import AnswerShape
from edge.workers.codec import read, written
from edge.workers.settings import WorkerSettings
from models.manifest import Profile
from shared.ice import IceServer


def test_settings_come_out_as_they_went_in() -> None:
    settings = WorkerSettings(
        node_id=uuid4(),
        region="eu",
        level=1,
        profile=Profile.OPEN,
        threads=2,
        peer=PeerSettings(
            ice_servers=(IceServer(("turn:a",), "user", "secret"),),
            answer=AnswerShape(announced_ip="192.0.2.1"),
            reach=Reach(private=False, loopback=True),
        ),
    )
    assert read(WorkerSettings, written(settings)) == settings
