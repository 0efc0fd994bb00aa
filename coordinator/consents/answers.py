"""A candidate's words in the API's form."""

from __future__ import annotations

from coordinator.consents.words import Word
from shared.api.exams import ConsentOut


def word_out(word: Word) -> ConsentOut:
    """One yes or no in the API's form."""
    return ConsentOut(
        purpose=word.purpose,
        given=word.given,
        basis=word.basis,
        text_version=word.text_version,
        language=word.language,
        recorded_by=word.recorded_by,
        recorded_at=word.at_utc,
        on_paper=word.on_paper,
    )
