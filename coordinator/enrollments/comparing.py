"""Asks a node how similar faces are: the pictures of one request, or a new face and the former one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from coordinator.enrollments.replacing import Pair
from coordinator.nodes import asking
from coordinator.web_api.parts import Parts
from shared.hybrid import Opener
from shared.messages.comparing import CompareTemplates
from shared.messages.faces import Template

OTHERS_AT_ONCE = 20
"""The most templates that one command compares with a face."""


async def similarities(
    parts: Parts,
    node_id: UUID,
    probe: Sequence[Template],
    others: Sequence[Template],
    reply_key: Opener,
) -> list[float | None]:
    """The similarity of each other template to the probe's of the same recogniser; None if it has none."""
    found: list[float | None] = []
    for start in range(0, len(others), OTHERS_AT_ONCE):
        some = tuple(others[start : start + OTHERS_AT_ONCE])
        asked = CompareTemplates(probe=tuple(probe), others=some)
        found += (await asking.compare(parts.commander, node_id, asked, reply_key)).similarities
    return found


async def pairs(
    parts: Parts,
    node_id: UUID,
    pictures: Sequence[tuple[int, Sequence[Template]]],
    reply_key: Opener,
) -> list[Pair]:
    """Compare every two of these pictures by every recogniser. Each is given with its place in the
    request."""

    async def with_later(number: int) -> list[Pair]:
        place, probe = pictures[number]
        later = [(other, template) for other, some in pictures[number + 1 :] for template in some]
        found = await similarities(parts, node_id, probe, [template for _, template in later], reply_key)
        return [
            Pair(place, other, similarity)
            for (other, _), similarity in zip(later, found, strict=True)
            if similarity is not None
        ]

    compared = await asyncio.gather(*(with_later(number) for number in range(len(pictures) - 1)))
    return [pair for some in compared for pair in some]
