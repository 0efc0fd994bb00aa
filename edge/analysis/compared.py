"""Compares templates with templates, each by its own recogniser, on one scale of similarity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge.analysis.examination import Enrolled, enrolled
from models.recognition import Recogniser
from shared.errors import Corrupt
from shared.messages.comparing import ComparedTemplates, CompareTemplates


def compare_templates(order: CompareTemplates, recognisers: Iterable[Recogniser]) -> ComparedTemplates:
    """The similarity of each other template to the probe's. Raises `Corrupt` for an invalid vector."""
    running = {recogniser.name: recogniser for recogniser in recognisers}
    probes = enrolled(order.probe)
    others = [enrolled([other])[other.recogniser] for other in order.others]
    return ComparedTemplates(similarities=tuple(_similarity(other, probes, running) for other in others))


def _similarity(
    other: Enrolled, probes: Mapping[str, Enrolled], running: Mapping[str, Recogniser]
) -> float | None:
    name = other.embedding.recogniser
    probe, recogniser = probes.get(name), running.get(name)
    if probe is None or recogniser is None:
        return None
    if probe.embedding.vector.shape != other.embedding.vector.shape:
        raise Corrupt("templates of one recogniser differ in dimension")
    return recogniser.similarity(probe.embedding, other.embedding)
