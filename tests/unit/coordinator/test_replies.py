from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.nodes.replies import read_reply
from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.sealing import new_sealing_key, pack

NODE = Ed25519PrivateKey.generate()
KEY = new_sealing_key()
COMMAND = CommandHeader(
    kind="enroll", command_id=UUID(int=1), node_id=UUID(int=2), issued_utc=datetime(2026, 11, 22, tzinfo=UTC)
)


def reply(signer: Ed25519PrivateKey = NODE, sealed: bool = False, **changes: Any) -> bytes:
    header = {"command_id": COMMAND.command_id, "node_id": COMMAND.node_id, "status": "ok"} | changes
    seal_to = KEY.public_key() if sealed else None
    return pack(ReplyHeader.model_validate(header).model_dump(mode="json"), b"body", signer, seal_to=seal_to)


def test_the_reply_is_opened_with_the_key_its_command_named() -> None:
    assert read_reply(reply(sealed=True), COMMAND, NODE.public_key(), KEY) == b"body"
    assert read_reply(reply(), COMMAND, NODE.public_key(), None) == b"body"


@pytest.mark.parametrize(
    "forged",
    [
        reply(signer=Ed25519PrivateKey.generate()),
        reply(command_id=UUID(int=9)),
        reply(node_id=UUID(int=9)),
        reply()[:-1],
        b"anything",
    ],
)
def test_what_is_not_the_reply_of_this_command_is_not_believed(forged: bytes) -> None:
    with pytest.raises(Corrupt):
        read_reply(forged, COMMAND, NODE.public_key(), None)


def test_a_personal_reply_that_came_unsealed_is_not_believed() -> None:
    with pytest.raises(Corrupt):
        read_reply(reply(sealed=False), COMMAND, NODE.public_key(), KEY)


def test_the_nodes_refusal_keeps_its_code_and_status() -> None:
    refusal = reply(status="rejected", code="frame-gone", http_status=410, message="the frame is gone")
    with pytest.raises(Rejected, match="frame is gone") as refused:
        read_reply(refusal, COMMAND, NODE.public_key(), KEY)
    assert (refused.value.code, refused.value.status) == ("frame-gone", 410)


def test_a_node_that_cannot_now_is_unavailable() -> None:
    with pytest.raises(Unavailable) as away:
        read_reply(reply(status="unavailable", code="engine-restarting"), COMMAND, NODE.public_key(), KEY)
    assert away.value.code == "engine-restarting"
