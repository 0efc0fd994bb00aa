"""Builds a recogniser as the manifest describes it: its input, its scale and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.manifest import Entry, Levels
from models.recognition import ARCFACE, DLIB, REIDENTIFICATION, Limits, Recipe, Recogniser
from models.runtime import Network
from models.similarity import ACCEPTED, Similarity
from shared.errors import ConfigError

RECIPES: Final[Mapping[str, Recipe]] = {
    "arcface-mobilefacenet-dequantised": ARCFACE,
    "arcface-mobilefacenet": ARCFACE,
    "arcface-resnet50": ARCFACE,
    "face-reidentification-retail-0095": REIDENTIFICATION,
    "dlib-resnet": DLIB,
}
"""By the name of the network."""


def recogniser_of(entry: Entry, network: Network, similarity: Similarity) -> Recogniser:
    """The recogniser over an opened network. Raises as `levels_of` does."""
    limits = limits_of(entry, similarity)
    return Recogniser(entry.label, network, levels_of(entry), RECIPES[entry.name], similarity, limits)


def levels_of(entry: Entry) -> Levels:
    """The recogniser's input levels. Raises ConfigError if the manifest does not give them."""
    if entry.input.levels is None:
        raise ConfigError(f"the manifest gives no input levels for {entry.label}")
    return entry.input.levels


def similarity_of(entry: Entry) -> Similarity:
    """The recogniser's calibration. Raises ConfigError if it is missing or made for another alignment."""
    calibration = entry.calibration
    if calibration is None:
        raise ConfigError(f"{entry.label} has no calibration: its similarity would have no meaning")
    if calibration.alignment != RECIPES[entry.name].alignment:
        raise ConfigError(f"{entry.label} was calibrated for the alignment {calibration.alignment}")
    return Similarity(calibration.knots)


def limits_of(entry: Entry, similarity: Similarity) -> Limits:
    """The limits of the recogniser's answers, on this scale."""
    lowest = None if entry.calibration is None else entry.calibration.doubt_from
    doubt_from = ACCEPTED if lowest is None else similarity.of(lowest)
    return Limits(doubt_from, entry.min_brightness, entry.min_sharpness)
