"""Publishes signed checkpoints of the audit log to the hub, and reads them back from there.

The hub is another place than the database: a log that was cut off differs from what the hub has. Nobody can
remove single messages of this stream, and none expires; with more than a year of them per institution the
oldest go.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Final
from uuid import UUID

import nats.js.errors
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from coordinator.nodes import stream
from coordinator.nodes.alert_stream import ensured
from coordinator.nodes.stream import StreamSettings
from shared import subjects
from shared.errors import ConfigError, Unavailable
from shared.hub_link import CONNECT_TIMEOUT_S, HubLink, translated

log = logging.getLogger(__name__)

_FETCHED: Final = 500
_FETCHED_WITHIN_S: Final = 5.0


class CheckpointStream:
    """The checkpoints at the hub, over its link while it is connected."""

    def __init__(self, hub: HubLink, settings: StreamSettings) -> None:
        """Create it before the link runs."""
        self._hub = hub
        self._settings = settings
        self._context: JetStreamContext | None = None
        hub.prepare(self._bind)

    async def publish(self, tenant_id: UUID, number: int, lines: bytes) -> None:
        """Publish an institution's checkpoint at this entry; once more does nothing. Raises `Unavailable`."""
        subject = subjects.checkpoint(tenant_id)
        headers = {"Nats-Msg-Id": f"{tenant_id}-{number}"}
        with translated("the checkpoint of the audit log cannot be published"):
            try:
                await self._bound().publish(subject, lines, headers=headers)
            except nats.js.errors.Error as error:
                raise Unavailable("the hub did not take a checkpoint of the audit log") from error

    async def published(self, tenant_id: UUID) -> AsyncIterator[bytes]:
        """An institution's checkpoints as the hub has them, oldest first. Raises `Unavailable`, also if the
        hub does not send all that it has: some of them would prove too little."""
        context, subject = self._bound(), subjects.checkpoint(tenant_id)
        with translated("the checkpoints at the hub cannot be read"):
            kept = await context.stream_info(subjects.CHECKPOINT_STREAM, subjects_filter=subject)
            left = (kept.state.subjects or {}).get(subject, 0)
            pull = await context.pull_subscribe(subject, stream=subjects.CHECKPOINT_STREAM)
            try:
                while left:
                    messages = await pull.fetch(min(left, _FETCHED), timeout=_FETCHED_WITHIN_S)
                    for one in messages:
                        yield one.data
                        await one.ack()
                    left = messages[-1].metadata.num_pending
            finally:
                await pull.unsubscribe()

    def _bound(self) -> JetStreamContext:
        if self._context is None or not self._hub.connected:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        return self._context

    async def _bind(self, client: Client) -> None:
        """Without a stream checkpoints wait: alerts need the connection all the same."""
        self._context, context = None, client.jetstream(timeout=CONNECT_TIMEOUT_S)
        try:
            asked = await ensured(context, stream.checkpoints_config, self._settings)
            kept = await context.stream_info(subjects.CHECKPOINT_STREAM)
            stream.require_same(asked, asdict(kept.config), "checkpoints")
        except (nats.js.errors.APIError, ConfigError) as error:
            log.warning("the hub has no stream for checkpoints", extra={"error": str(error)})
            return
        self._context = context
