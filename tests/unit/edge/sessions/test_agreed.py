"""What is watched follows from what the candidate agrees to, and in a pause nothing is."""

from __future__ import annotations

import base64
from collections.abc import Collection
from uuid import uuid4

import pytest

from edge.sessions.agreed import as_agreed, check_may_compare, senses_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.events.looks import Sense
from shared.messages.faces import Template
from shared.messages.sessions import StartSession
from tests.support.orders import start_order

CAMERA, FACE, SOUND = Purpose.CAMERA_MONITORING, Purpose.IDENTITY_VERIFICATION, Purpose.SPEECH_DETECTION
WORDS, SEARCH = Purpose.SPEECH_TRANSCRIPTION, Purpose.IMPERSONATION_SEARCH
SIGHT, HEARING = Sense.SIGHT, Sense.HEARING
TEMPLATE = Template(embedding_id=uuid4(), recogniser="r@1", vector=base64.b64encode(bytes(512)).decode())


def order(*withheld: Purpose, paused: bool = False) -> StartSession:
    wanted = start_order(templates=(TEMPLATE,))
    return wanted.model_copy(update={"withheld": withheld, "paused": paused})


@pytest.mark.parametrize(
    ("withheld", "compares", "listens", "senses"),
    [
        ((), True, True, {SIGHT, HEARING}),
        ((FACE,), False, True, {SIGHT, HEARING}),
        ((CAMERA,), False, True, {HEARING}),
        ((SOUND,), True, False, {SIGHT}),
        ((CAMERA, SOUND), False, False, set()),
        ((FACE, CAMERA, SOUND), False, False, set()),
        ((WORDS, SEARCH), True, True, {SIGHT, HEARING}),  # the order's policy knows of these
    ],
)
def test_nothing_is_done_for_a_purpose_that_is_withheld(
    withheld: Collection[Purpose], *, compares: bool, listens: bool, senses: set[Sense]
) -> None:
    asked = order(*withheld)
    agreed = as_agreed(asked)
    assert agreed.policy.features.face_verification is compares
    assert agreed.policy.features.audio_monitoring is listens
    assert agreed.templates == ((TEMPLATE,) if compares else ())
    unchanged = asked.policy.features.model_copy(
        update={"face_verification": compares, "audio_monitoring": listens}
    )
    assert agreed.policy == asked.policy.model_copy(update={"features": unchanged})
    assert senses_of(asked) == senses_of(agreed) == senses
    if compares:
        check_may_compare(asked)
        return
    with pytest.raises(Rejected) as refused:
        check_may_compare(asked)
    assert (refused.value.code, refused.value.status) == ("not-agreed", 409)


@pytest.mark.parametrize("withheld", [(), (FACE,), (CAMERA, SOUND)])
def test_in_a_pause_nothing_is_watched_or_compared_whatever_is_agreed(withheld: Collection[Purpose]) -> None:
    paused = order(*withheld, paused=True)
    assert senses_of(paused) == frozenset()
    with pytest.raises(Rejected) as refused:
        check_may_compare(paused)
    assert (refused.value.code, refused.value.status) == ("session-paused", 409)
