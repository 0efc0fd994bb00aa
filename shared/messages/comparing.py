"""Bodies of the command `compare`: templates against templates (`shared.messages` has the others)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from shared.fields import Unit
from shared.messages.faces import Template
from shared.messages.message import Message

AGREE: Final = 0.65
"""Two pictures less similar than this are not taken for one person's.

It lies below the similarity at which a check during the exam matches (0.75). No pair of one person's pictures
that the recognisers were calibrated on lies lower, and one stranger in a hundred reaches 0.60.
"""


class CompareTemplates(Message):
    """Body of `compare`: one person's templates to compare with others', each by its own recogniser."""

    probe: Annotated[tuple[Template, ...], Field(max_length=8)]
    others: Annotated[tuple[Template, ...], Field(max_length=20)]


class ComparedTemplates(Message):
    """Reply to `compare`, sealed to the command's reply key."""

    similarities: Annotated[tuple[Unit | None, ...], Field(max_length=20)]
    """One per other template, in their order, on the common scale of all recognisers. None: there is nothing
    to compare it with, or its recogniser does not run here."""
