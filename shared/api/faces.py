"""Bodies of the REST API about faces, enrollment excepted: the practice before an exam, similar faces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.api.enrollments import EnrollImage
from shared.fields import Count, Reference, Unit, Utc, Words, YesNo

Tried = Literal["camera", "microphone", "face", "identity"]
PairVerdict = Literal["same-person", "different-people"]


class CameraTried(Request):
    """Measurements of the page's camera."""

    width: Annotated[Count, Field(ge=1, le=10_000)]
    height: Annotated[Count, Field(ge=1, le=10_000)]
    frames_per_second: Annotated[float, Field(strict=True, ge=0, le=240, allow_inf_nan=False)]


class MicrophoneTried(Request):
    """Measurements of the page's microphone while the candidate spoke."""

    muted: YesNo
    peak_dbfs: Annotated[float, Field(strict=True, ge=-200, le=0, allow_inf_nan=False)]
    """Peak level in dB relative to full scale."""


class PracticeRequest(Request):
    """A practice before the exam. A part left out was not tried, and its result is unknown."""

    candidate_id: Reference
    exam_id: Reference
    image: EnrollImage | None = None
    camera: CameraTried | None = None
    microphone: MicrophoneTried | None = None
    allow_unregistered: YesNo = False
    """Practise even if this exam was not created or this candidate is not registered; only for staff."""


class PracticeOutcome(Response):
    check: Tried
    outcome: Literal["ok", "advice", "unknown"]
    advice: list[str]
    """What to do, in words, without measurements or scores."""


class PracticeResponse(Response):
    candidate_id: str
    ready: bool
    """Whether every check was tried and passed. A session can be started in any case."""
    checks: list[PracticeOutcome]
    checked_at: Utc


class FaceSearchRequest(Request):
    reason: Words
    """The reason for the search; stored with the results."""


class FacePairOut(Response):
    """Two candidates whose enrolled faces are similar. This is a question for a person, not a result."""

    pair_id: str
    candidate_id: str
    """The candidate whose face was searched for."""
    other_candidate_id: str
    similarity: Unit | None
    """From 0.75 a comparison counts as a match; twins and parents may reach it too. None: erased."""
    reason: str | None
    state: Literal["open", "same-person", "different-people"]
    found_by: str
    found_at: Utc
    decided_by: str | None
    decided_at: Utc | None
    text: str | None
    """The text of the person who decided."""


class FaceSearchResponse(Response):
    candidate_id: str
    searched: int
    """Number of other candidates of the institution whose faces were compared."""
    left_out: int
    """Number of candidates without consent, with an expired enrollment, or without a comparable template."""
    pairs: list[FacePairOut]


class FacePairPage(Response):
    items: list[FacePairOut]
    next_cursor: str | None


class FacePairDecision(Request):
    verdict: PairVerdict
    text: Words
    """The grounds of the verdict."""
