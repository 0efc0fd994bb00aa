"""Reads and writes what gRPC sends over HTTP/2 (grpc/grpc doc/PROTOCOL-HTTP2.md). Pure."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final
from urllib.parse import quote

CONTENT_TYPE: Final = "application/grpc"
MOST_REQUEST_BYTES: Final = 4_096
"""Of a request; those of this service have a cursor."""
_HEAD: Final = struct.Struct(">BI")
MOST_BUFFERED: Final = MOST_REQUEST_BYTES + _HEAD.size


class Status(IntEnum):
    """How a call ends (grpc/grpc doc/statuscodes.md)."""

    OK = 0
    INVALID_ARGUMENT = 3
    RESOURCE_EXHAUSTED = 8
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class CallFailed(Exception):
    """A call ends with this status."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return _HEAD.pack(0, len(message)) + message


def message_of(data: bytes) -> bytes:
    """The one message of a request. Raises `CallFailed`."""
    if len(data) < _HEAD.size:
        raise CallFailed(Status.INVALID_ARGUMENT, "the request has no message")
    compressed, size = _HEAD.unpack_from(data)
    if compressed:
        raise CallFailed(Status.UNIMPLEMENTED, "compressed requests are not read")
    if len(data) != _HEAD.size + size:
        raise CallFailed(Status.INVALID_ARGUMENT, "the request is not one whole message")
    return data[_HEAD.size :]


def trailers(status: Status, message: str = "") -> list[tuple[str, str]]:
    """The end of a call."""
    end = [("grpc-status", str(int(status)))]
    return [*end, ("grpc-message", quote(message, safe=" "))] if message else end


def head() -> list[tuple[str, str]]:
    """The beginning of an answer."""
    return [(":status", "200"), ("content-type", CONTENT_TYPE)]
