"""Templates against templates on a node."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import pytest

from edge.analysis.compared import compare_templates
from models.recognition import Recogniser
from models.results import Embedding
from shared.errors import Corrupt
from shared.messages.comparing import CompareTemplates
from shared.messages.faces import Template, encode_vector


@dataclass(frozen=True)
class Cosine:
    """A recogniser whose scale is the plain cosine."""

    name: str

    def similarity(self, one: Embedding, other: Embedding) -> float:
        return float(one.vector @ other.vector)


def template(name: str, *values: float) -> Template:
    vector = encode_vector(array("f", values).tobytes())
    return Template(embedding_id=uuid4(), recogniser=name, vector=vector)


def similarities(probe: list[Template], *others: Template, running: tuple[str, ...] = ("a@1", "b@1")) -> Any:
    recognisers = [cast(Recogniser, Cosine(name)) for name in running]
    return compare_templates(CompareTemplates(probe=tuple(probe), others=others), recognisers).similarities


def test_each_template_is_compared_by_its_own_recogniser_in_order() -> None:
    probe = [template("a@1", 1.0, 0.0), template("b@1", 0.0, 1.0)]
    assert similarities(
        probe, template("b@1", 0.6, 0.8), template("a@1", 0.6, 0.8), template("a@1", 1.0, 0.0)
    ) == pytest.approx((0.8, 0.6, 1.0))


def test_what_nothing_here_can_compare_is_unknown() -> None:
    probe = [template("a@1", 1.0, 0.0)]
    assert similarities(probe, template("b@1", 1.0, 0.0)) == (None,)
    assert similarities(probe, template("a@1", 1.0, 0.0), running=("b@1",)) == (None,)
    assert similarities([], template("a@1", 1.0, 0.0)) == (None,)


@pytest.mark.parametrize("values", [(1.0,), (float("nan"), 0.0)])
def test_a_vector_that_is_none_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(Corrupt):
        similarities([template("a@1", 1.0, 0.0)], template("a@1", *values))
