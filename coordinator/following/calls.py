"""The methods that a program of an institution calls: it follows, and acknowledges."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import DecodeError, Message
from sqlmodel import Session

from coordinator.deliveries import service as deliveries
from coordinator.following import service as following
from coordinator.following.deliveries_pb2 import (
    AcknowledgeRequest,
    AcknowledgeResponse,
    Delivery,
    FollowRequest,
)
from coordinator.following.framing import CallFailed, Status
from coordinator.following.http2 import Call
from coordinator.following.service import CallStands, CursorRefused, Follower, NotKnown, Portion
from coordinator.ground.ids import uuid7
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable

POLL_S: Final = 0.5
PORTION: Final = 64
"""The most deliveries that are read at once for one call."""
MOST_FOLLOWERS: Final = 200
FOLLOW: Final = "/proctor.deliveries.v1.Deliveries/Follow"
ACKNOWLEDGE: Final = "/proctor.deliveries.v1.Deliveries/Acknowledge"

M = TypeVar("M", bound=Message)


class Calls:
    """Answers the calls of one coordinator."""

    def __init__(self, parts: Parts, counts: Counter[str]) -> None:
        """`counts`: deliveries by what became of them, which is added to."""
        self._parts = parts
        self._counts = counts
        self._following: dict[UUID, asyncio.Task[None]] = {}

    async def answer(self, call: Call, request: bytes) -> None:
        """Answer a call. Raises `CallFailed`."""
        try:
            if call.path == FOLLOW:
                await self._follow(call, _read(FollowRequest, request))
            elif call.path == ACKNOWLEDGE:
                await self._acknowledge(call, _read(AcknowledgeRequest, request))
            else:
                raise CallFailed(Status.UNIMPLEMENTED, "there is no such method")
        except NotKnown:
            raise CallFailed(Status.UNAUTHENTICATED, "no destination has this certificate") from None
        except CursorRefused:
            raise CallFailed(Status.INVALID_ARGUMENT, "this cursor is none of this destination's") from None
        except Unavailable:
            raise CallFailed(Status.UNAVAILABLE, "the database cannot be reached; call again") from None

    async def _acknowledge(self, call: Call, request: AcknowledgeRequest) -> None:
        parts, now_utc = self._parts, self._parts.utc_now()
        count = await parts.writing(
            lambda db: following.acknowledge(db, call.fingerprint, request.cursor, now_utc)
        )
        self._counts["delivered"] += count
        await call.send(AcknowledgeResponse(count=count).SerializeToString())

    async def _follow(self, call: Call, request: FollowRequest) -> None:
        if len(self._following) >= MOST_FOLLOWERS:
            raise CallFailed(Status.RESOURCE_EXHAUSTED, "too many programs follow; call again later")
        parts, now_utc, holder = self._parts, self._parts.utc_now(), uuid7()
        follower, place = await parts.writing(
            lambda db: following.begin(db, call.fingerprint, request.after, holder, now_utc)
        )
        task = asyncio.current_task()
        assert task is not None
        if (former := self._following.get(follower.destination_id)) is not None:
            former.cancel()
        self._following[follower.destination_id] = task
        try:
            await self._tell(call, follower, place)
        except asyncio.CancelledError:
            if self._following.get(follower.destination_id) is task:
                raise
            raise CallFailed(Status.ABORTED, "a later call follows this destination") from None
        finally:
            if self._following.get(follower.destination_id) is task:
                del self._following[follower.destination_id]
            with suppress(Unavailable):
                await parts.writing(lambda db: deliveries.give_back(db, follower.destination_id, holder))

    async def _tell(self, call: Call, follower: Follower, place: int) -> None:
        parts = self._parts
        while True:
            found = await parts.writing(partial(self._portion, call, follower, place))
            if found is None:
                raise CallFailed(Status.ABORTED, "a later call follows this destination")
            for one in found.told:
                if await call.waited():
                    break  # what was read before may be erased by now, or not wanted any more
                told = Delivery(cursor=str(one.cursor), delivery_id=str(one.parcel_id), body=one.body)
                waited = await call.send(told.SerializeToString())
                place = one.cursor.place
                if waited:
                    break
            else:
                place = found.place
                if found.whole:
                    await self._wait(call, follower, place)

    def _portion(self, call: Call, follower: Follower, place: int, db: Session) -> Portion | None:
        now_utc = self._parts.utc_now()
        following.check(db, call.fingerprint, now_utc)
        return following.portion(db, self._parts.keys.keyring, follower, place, PORTION, now_utc)

    def _look(self, call: Call, follower: Follower, place: int, db: Session) -> CallStands:
        return following.look(db, call.fingerprint, follower, place, self._parts.utc_now())

    async def _wait(self, call: Call, follower: Follower, place: int) -> None:
        """Wait until there is something to do for a call."""
        while True:
            await asyncio.sleep(POLL_S)
            looked = await self._parts.reading(partial(self._look, call, follower, place))
            if looked.to_do or not looked.mine:
                return


def _read(kind: type[M], data: bytes) -> M:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise CallFailed(Status.INVALID_ARGUMENT, "the request cannot be read") from None
