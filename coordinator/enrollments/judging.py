"""Has an edge node judge each picture of a request, and makes the templates of the best ones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coordinator.enrollments.pictures import decode_base64, reencode
from coordinator.enrollments.quality import failed_out, image_out, unreadable
from coordinator.ground.ids import uuid7
from coordinator.nodes import asking
from coordinator.web_api.parts import Parts
from shared.api.enrollments import EnrolledImage, EnrollImage, FailedCheckOut
from shared.enrollment import best_pictures, floats_of, mean_templates
from shared.errors import Rejected, Unavailable
from shared.hybrid import Opener
from shared.messages.faces import EnrolledPicture, decode_vector
from shared.policy.terms import Gate

JUDGED_AT_ONCE: Final = 2
"""Pictures of one request that a node judges in parallel."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture: the node's result, or why it was not sent."""

    picture: EnrolledPicture | None
    refusal: Rejected | None = None

    @property
    def passed(self) -> bool:
        return self.picture is not None and not self.picture.failed

    @property
    def failed(self) -> list[FailedCheckOut]:
        """Its failed checks with remedies; empty if it passed."""
        if self.picture is not None:
            return failed_out(self.picture.failed)
        return unreadable(self.refusal or refusal([])).failed


async def judge_all(
    parts: Parts, node_id: UUID, images: list[EnrollImage], reply_key: Opener, gate: Gate
) -> list[Judged]:
    """Have a node judge each picture by this gate."""
    turns = asyncio.Semaphore(JUDGED_AT_ONCE)

    async def judge(image: EnrollImage) -> Judged:
        async with turns:
            try:
                async with parts.decoding:
                    jpeg = await asyncio.to_thread(lambda: reencode(decode_base64(image.image_base64)))
                return Judged(await asking.enroll(parts.commander, node_id, jpeg, gate, reply_key))
            except Rejected as error:
                return Judged(None, error)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(judge(image)) for image in images]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures  # the first error has cancelled the other pictures
    return [task.result() for task in tasks]


def describe(judged: list[Judged], gate: Gate) -> list[EnrolledImage]:
    """Every picture's result, in order, with the best ones selected."""
    passed = [index for index, one in enumerate(judged) if one.passed]
    best = {passed[place] for place in best_pictures([_quality(judged[index]) for index in passed])}
    return [_image(one, gate, selected=index in best) for index, one in enumerate(judged)]


def templates_of(judged: list[Judged], images: list[EnrolledImage]) -> dict[str, tuple[float, ...]]:
    """The mean embedding of the selected pictures, per recogniser that saw all of them.

    Raises `Unavailable` if there is none: the node runs no recogniser.
    """
    vectors = [
        {t.recogniser: floats_of(decode_vector(t.vector)) for t in one.picture.templates}
        for one, image in zip(judged, images, strict=True)
        if image.selected and one.picture is not None
    ]
    templates = mean_templates(vectors)
    if not templates:
        raise Unavailable("the edge node has no network for face recognition", code="no-recogniser")
    return templates


def refusal(images: list[EnrolledImage]) -> Rejected:
    """422 with each picture's failed checks: value, bound and remedy."""
    errors = [
        {"path": f"body.images.{index}", "message": check.advice, **check.model_dump(exclude={"advice"})}
        for index, image in enumerate(images)
        for check in image.failed
    ]
    return Rejected(
        "no picture can be used; see errors for what to do about each",
        code="enrollment-refused",
        status=422,
        errors=errors,
    )


def _quality(judged: Judged) -> float:
    return judged.picture.face.quality if judged.picture and judged.picture.face else 0.0


def _image(judged: Judged, gate: Gate, *, selected: bool) -> EnrolledImage:
    if judged.picture is None:
        return unreadable(judged.refusal) if judged.refusal else unreadable(refusal([]))
    return image_out(
        judged.picture.face,
        failed_out(judged.picture.failed),
        gate=gate,
        embedding_id=str(uuid7()) if judged.passed else None,
        selected=selected,
    )
