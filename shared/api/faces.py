"""Bodies of the REST API about faces beside enrollment: the try before an exam, faces that are alike."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.api.enrollments import EnrollImage
from shared.fields import Count, Reference, Unit, Utc, Words, YesNo

Tried = Literal["camera", "microphone", "face", "identity"]
PairVerdict = Literal["same-person", "different-people"]


class CameraTried(Request):
    """What the page's camera gives."""

    width: Annotated[Count, Field(ge=1, le=10_000)]
    height: Annotated[Count, Field(ge=1, le=10_000)]
    frames_per_second: Annotated[float, Field(strict=True, ge=0, le=240, allow_inf_nan=False)]


class MicrophoneTried(Request):
    """What the page's microphone gave while the candidate spoke."""

    muted: YesNo
    peak_dbfs: Annotated[float, Field(strict=True, ge=-200, le=0, allow_inf_nan=False)]
    """The loudest, decibels below full scale."""


class PracticeRequest(Request):
    """A try before the exam. What is left out was not tried, and its outcome is unknown."""

    candidate_id: Reference
    exam_id: Reference
    image: EnrollImage | None = None
    camera: CameraTried | None = None
    microphone: MicrophoneTried | None = None


class PracticeOutcome(Response):
    check: Tried
    outcome: Literal["ok", "advice", "unknown"]
    advice: list[str]
    """What to do, in words; no measure and no score."""


class PracticeResponse(Response):
    candidate_id: str
    ready: bool
    """Whether every check was tried and is well. A session can be started all the same."""
    checks: list[PracticeOutcome]
    checked_at: Utc


class FaceSearchRequest(Request):
    reason: Words
    """Why this face is searched for; kept with what is found."""


class FacePairOut(Response):
    """Two candidates whose enrolled faces are alike: a question to a person, and no more."""

    pair_id: str
    candidate_id: str
    """Whose face was searched for."""
    other_candidate_id: str
    similarity: Unit | None
    """0.75 is where a comparison is accepted; twins and parents reach it too. None: erased."""
    reason: str | None
    state: Literal["open", "same-person", "different-people"]
    found_by: str
    found_at: Utc
    decided_by: str | None
    decided_at: Utc | None
    text: str | None
    """What the person who decided wrote."""


class FaceSearchResponse(Response):
    candidate_id: str
    searched: int
    """Other candidates of the institution whose faces were compared."""
    left_out: int
    """Those who did not agree to it, whose enrollment has expired, or who have no template to compare."""
    pairs: list[FacePairOut]


class FacePairPage(Response):
    items: list[FacePairOut]
    next_cursor: str | None


class FacePairDecision(Request):
    verdict: PairVerdict
    text: Words
    """What the verdict rests on."""
