"""Who a face is: the recognisers, and how far two faces are apart.

A recogniser is a network, the levels of a picture it sees (from the manifest) and a recipe: which points of
the mesh are brought onto which template, and which distance its training meant. All of them align by the
mesh and never by a detector's landmarks: a template enrolled on one node then compares with a face found by
another node's detector, and it separates better too (ArcFace on 41 same and 779 different pairs: d' 10.4 with
the mesh, 9.7 with YuNet's points).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Image, similarity_transform, warp
from models.manifest import Colour, Levels
from models.mesh import landmarks
from models.network import Network
from models.results import Embedding, Floats, Mesh
from models.similarity import ACCEPTED, Similarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that stands between a frame and a comparable vector."""

    alignment: str
    """Name of the points and the template; a calibration holds for one alignment only."""
    input: str
    side_px: int
    template_px: tuple[tuple[float, float], ...]
    """Where the points land in the chip."""
    points: Callable[[Mesh], Floats]
    """The mesh's points that land there, (N, 2)."""
    mirrored: bool = False
    """Average with the mirrored chip."""
    sphere: float | None = None
    """None: the network means cosines. Else Euclidean distances of vectors shorter than this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a recogniser's answers say nothing, as measured."""

    doubt_from: float = ACCEPTED
    """Similarities from here up to the accepted point say nothing."""
    min_brightness: float = 0.0
    """Mean grey of a face below which the recogniser says nothing."""


DLIB_POINTS = (33, 133, 362, 263, 2)
"""Outer and inner corner of the right eye, inner and outer of the left, base of the nose."""

ARCFACE = Recipe(
    alignment="mesh-5-arcface-112",
    input="input.1",
    side_px=112,
    # Deng et al. 2019: the five points of insightface's training crops.
    template_px=(
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ),
    points=landmarks,
)
REIDENTIFICATION = Recipe(
    alignment="mesh-5-retail-128",
    input="0",
    side_px=128,
    # Model card of Open Model Zoo's face-reidentification-retail-0095, there in shares of the side.
    template_px=((40.393, 59.081), (87.375, 59.081), (64.033, 81.985), (44.732, 105.560), (83.640, 105.560)),
    points=landmarks,
)
DLIB = Recipe(
    alignment="mesh-eyes-nose-dlib-150-108",
    input="picture",
    side_px=150,
    # dlib's mean face (padding a quarter: 37.2,46.6 58.5,48.2 89.6,48.2 110.9,46.6 74,87.8) enlarged by 1.08
    # about the middle, because the mesh's corners of the eyes lie further out than those dlib trained with:
    # d' 5.8 as it stands, 6.2 at 1.06 to 1.08, 5.7 at 1.2 (51 same and 1,719 different pairs).
    template_px=((34.18, 44.33), (57.18, 46.06), (90.77, 46.06), (113.77, 44.33), (73.92, 88.82)),
    points=lambda mesh: mesh.points_px[list(DLIB_POINTS), :2],
    mirrored=True,
    sphere=4.0,
)


class Recogniser:
    """Embeds faces and compares them. `name` is `name@version` of its network."""

    def __init__(
        self,
        name: str,
        network: Network,
        levels: Levels,
        recipe: Recipe,
        similarity: Similarity,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self._network = network
        self._levels = levels
        self._recipe = recipe
        self._template = np.array(recipe.template_px, np.float32)
        self._similarity = similarity
        self._limits = limits or Limits()

    @property
    def device(self) -> str:
        return self._network.device

    @property
    def alignment(self) -> str:
        """What a calibration holds for, besides the network."""
        return self._recipe.alignment

    @property
    def min_brightness(self) -> float:
        """Mean grey that a face must have to be told from others."""
        return self._limits.min_brightness

    @property
    def doubt_from(self) -> float:
        """The similarity from which on, up to the operating point, nobody can tell."""
        return self._limits.doubt_from

    def undecided(self, similarity: float) -> bool:
        """Whether the same person and a stranger may both be so alike."""
        return self._limits.doubt_from <= similarity < ACCEPTED

    @property
    def perfect(self) -> float:
        """The native score of a picture with itself."""
        return 1.0 if self._recipe.sphere is None else 0.0

    def embed(self, frame: Image, mesh: Mesh) -> Embedding:
        """The face that the mesh fits, as a vector of length one."""
        chip = self.chip(frame, mesh)
        vector = self._vector(chip)
        if self._recipe.mirrored:
            vector = (vector + self._vector(np.ascontiguousarray(chip[:, ::-1]))) / np.float32(2)
        if self._recipe.sphere is not None:
            vector = on_sphere(vector, self._recipe.sphere)
        return Embedding(self.name, (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32))

    def chip(self, frame: Image, mesh: Mesh) -> Image:
        """The aligned face the network sees: (side, side, 3) BGR."""
        matrix = similarity_transform(self._recipe.points(mesh), self._template)
        return warp(frame, matrix, self._recipe.side_px, self._recipe.side_px)

    def native_score(self, one: Embedding, other: Embedding) -> float:
        """The recogniser's own measure, higher is closer: a cosine, or a Euclidean distance below zero.

        Raises ValueError for an embedding of another recogniser.
        """
        for embedding in (one, other):
            if embedding.recogniser != self.name:
                raise ValueError(f"{self.name} cannot compare an embedding of {embedding.recogniser}")
        if self._recipe.sphere is None:
            return float(one.vector @ other.vector)
        return -self._recipe.sphere * float(np.linalg.norm(one.vector - other.vector))

    def similarity(self, one: Embedding, other: Embedding) -> float:
        """0…1, the same meaning for every recogniser: 0.50 strangers, 0.75 accepted, 0.85 the same person."""
        return self._similarity.of(self.native_score(one, other))

    def _vector(self, chip: Image) -> Floats:
        of = self._levels
        blob = cv2.dnn.blobFromImage(chip, of.scale, (0, 0), of.mean, swapRB=of.colour is Colour.RGB)
        vector: Floats = next(iter(self._network.run({self._recipe.input: blob}).values())).reshape(-1)
        return vector


def on_sphere(vector: Floats, radius: float) -> Floats:
    """A vector (N,) lifted onto a sphere (N + 1,): chords between lifted vectors are the distances before.

    Exact for vectors of equal length; a difference d in length adds less than 0.4 d at the radius used. So
    embeddings that mean distances can be kept, averaged and searched as vectors of length one like all
    others.
    """
    height = np.sqrt(max(radius * radius - float(vector @ vector), 0.0))
    return np.append(vector, np.float32(height)).astype(np.float32)
