"""Checks and opens a node's reply to a command. Pure."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.messages.message import parse
from shared.sealing import SealingPrivate, open_body, unpack, verify


def read_reply(
    message: bytes, command: CommandHeader, signer: Ed25519PublicKey, reply_key: SealingPrivate | None
) -> bytes:
    """The opened body of the reply to this command.

    Raises `Corrupt` for a message that is not the reply to it, and `Rejected` or `Unavailable` if the node's
    reply says so.
    """
    parcel = unpack(message)
    verify(parcel, signer)
    header = parse(ReplyHeader, parcel.header)
    if (header.command_id, header.node_id) != (command.command_id, command.node_id):
        raise Corrupt("a reply is for another command")
    if header.status == "rejected":
        text = header.message or "the edge node refused the command"
        raise Rejected(text, code=header.code or "node-refused", status=max(400, header.http_status))
    if header.status == "unavailable":
        raise Unavailable(
            header.message or "the edge node cannot run the command now", code=header.code or "node-busy"
        )
    return parcel.body if reply_key is None else open_body(parcel, reply_key)
