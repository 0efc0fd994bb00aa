"""Makes the answer to a check on request: one frame compared with the enrolled face."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from edge.analysis.examination import Examined, face_picture, failed_checks
from edge.media.frames import VideoFrame
from shared.messages.faces import FailedCheck, VerifiedFrame
from shared.observations import IdentityCheck

DAMAGED: Final = FailedCheck(
    check="whole-picture",
    value=None,
    bound="no loss since the last keyframe",
    advice="Part of the picture was lost in transmission. Please try again in a moment.",
)


def verified_frame(
    frame: VideoFrame,
    examined: Examined,
    check: IdentityCheck | None,
    threshold: float,
    captured_utc: datetime,
) -> VerifiedFrame:
    """The answer to a check; neither match nor mismatch for a frame that a loss may have damaged."""
    similarity = None if check is None or frame.damaged else check.similarity
    failed = failed_checks(examined)
    return VerifiedFrame(
        frame_id=frame.frame_id,
        match=None if similarity is None else similarity >= threshold,
        similarity=similarity,
        threshold=threshold,
        embedding_id=None if check is None else UUID(check.embedding_id),
        face=face_picture(examined),
        failed=(*failed, DAMAGED) if frame.damaged else failed,
        captured_utc=captured_utc,
    )
