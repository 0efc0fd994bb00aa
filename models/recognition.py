"""Identifies faces: the recognisers, and the distance between two faces.

A recogniser is a network, its input levels (from the manifest) and a recipe: which points of the mesh are
mapped to which template, and the distance it was trained with. All recognisers align by the mesh, never by a
detector's landmarks: then a template enrolled on one node can be compared with a face found by another node's
detector, and separation is better too (ArcFace on 41 same and 779 different pairs: d' 10.4 with the mesh, 9.7
with YuNet's points).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Image, similarity_transform, warp
from models.manifest import Colour, Levels
from models.mesh import landmarks
from models.network import Network
from models.quality import Needed
from models.results import Embedding, Floats, Mesh
from models.similarity import ACCEPTED, Similarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The steps from a frame to a comparable vector."""

    alignment: str
    """Name of the points and the template; a calibration holds for one alignment only."""
    input: str
    side_px: int
    template_px: tuple[tuple[float, float], ...]
    """The positions of the points in the chip."""
    points: Callable[[Mesh], Floats]
    """The mesh's points for these positions, (N, 2)."""
    mirrored: bool = False
    """Average with the mirrored chip."""
    sphere: float | None = None
    """None: the network compares by cosine. Otherwise by Euclidean distance of vectors shorter than this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The measured limits within which a recogniser's answers are meaningful."""

    doubt_from: float = ACCEPTED
    """Similarities from here up to the accepted point are undecided."""
    min_brightness: float = 0.0
    """Mean grey of a face below which the recogniser is not reliable."""
    min_sharpness: float = 0.0
    """Sharpness of a face below which it is not."""


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
    # From the model card of Open Model Zoo's face-reidentification-retail-0095, which gives shares of the
    # side.
    template_px=((40.393, 59.081), (87.375, 59.081), (64.033, 81.985), (44.732, 105.560), (83.640, 105.560)),
    points=landmarks,
)
DLIB = Recipe(
    alignment="mesh-eyes-nose-dlib-150-108",
    input="picture",
    side_px=150,
    # dlib's mean face (padding a quarter: 37.2,46.6 58.5,48.2 89.6,48.2 110.9,46.6 74,87.8) enlarged by 1.08
    # about the centre, because the mesh's corners of the eyes are further out than those dlib was trained
    # with: d' 5.8 unchanged, 6.2 at 1.06 to 1.08, 5.7 at 1.2 (51 same and 1,719 different pairs).
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
        """The alignment a calibration is valid for, besides the network."""
        return self._recipe.alignment

    @property
    def min_brightness(self) -> float:
        """The mean grey a face needs to be distinguished from others."""
        return self._limits.min_brightness

    @property
    def min_sharpness(self) -> float:
        """The sharpness a face needs to be distinguished from others."""
        return self._limits.min_sharpness

    @property
    def doubt_from(self) -> float:
        """The similarity from which on, up to the operating point, nobody can tell."""
        return self._limits.doubt_from

    def undecided(self, similarity: float) -> bool:
        """Whether both the same person and a stranger can have this similarity."""
        return self._limits.doubt_from <= similarity < ACCEPTED

    @property
    def perfect(self) -> float:
        """The native score of a picture compared with itself."""
        return 1.0 if self._recipe.sphere is None else 0.0

    def embed(self, frame: Image, mesh: Mesh) -> Embedding:
        """The face of a mesh, as a vector of length one."""
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
        """The recogniser's own measure, higher is closer: a cosine, or a negated Euclidean distance.

        Raises ValueError for an embedding of another recogniser.
        """
        for embedding in (one, other):
            if embedding.recogniser != self.name:
                raise ValueError(f"{self.name} cannot compare an embedding of {embedding.recogniser}")
        if self._recipe.sphere is None:
            return float(one.vector @ other.vector)
        return -self._recipe.sphere * float(np.linalg.norm(one.vector - other.vector))

    def similarity(self, one: Embedding, other: Embedding) -> float:
        """0…1 with the same meaning for every recogniser: 0.50 strangers, 0.75 accepted, 0.85 the same
        person."""
        return self._similarity.of(self.native_score(one, other))

    def _vector(self, chip: Image) -> Floats:
        of = self._levels
        blob = cv2.dnn.blobFromImage(chip, of.scale, (0, 0), of.mean, swapRB=of.colour is Colour.RGB)
        vector: Floats = next(iter(self._network.run({self._recipe.input: blob}).values())).reshape(-1)
        return vector


def on_sphere(vector: Floats, radius: float) -> Floats:
    """A vector (N,) mapped to a sphere (N + 1,) so that chords there equal the original distances.

    Exact for vectors of equal length; a difference d in length adds less than 0.4 d at the radius used. So
    embeddings compared by distance can be stored, averaged and searched as vectors of length one like all
    others.
    """
    height = np.sqrt(max(radius * radius - float(vector @ vector), 0.0))
    return np.append(vector, np.float32(height)).astype(np.float32)


def needed_by(recognisers: Iterable[Recogniser]) -> Needed:
    """What a picture needs so that each of these can distinguish its face."""
    chosen = tuple(recognisers)
    return Needed(
        brightness=max((each.min_brightness for each in chosen), default=0.0),
        sharpness=max((each.min_sharpness for each in chosen), default=0.0),
    )
