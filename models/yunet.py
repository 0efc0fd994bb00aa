"""Faces by YuNet (Wu, Peng, Yu 2023; opencv_zoo, libfacedetection.train): small, fast, five landmarks.

Input BGR 0…255, any size in multiples of 32. Each cell of the grids of stride 8, 16 and 32 gives class and
object scores, a box around its centre in strides (logarithmic size) and five points.
"""

from __future__ import annotations

import numpy as np

from models.grid import SIZE_LOGARITHMS, cells_of_grid
from models.images import Image, box_of, distinct, letterbox, planes
from models.network import Network
from models.results import Face, Floats

STRIDES_PX = (8, 16, 32)
MAX_OVERLAP = 0.3
"""Boxes that overlap more are one face."""


class YuNet:
    """`width_px`×`height_px` is the canvas the frame is fitted into; a face needs about 10 px on it."""

    def __init__(self, network: Network, *, width_px: int, height_px: int, min_score: float = 0.5) -> None:
        self._network = network
        self._width_px = width_px
        self._height_px = height_px
        self._min_score = min_score

    @property
    def device(self) -> str:
        return self._network.device

    def find(self, frame: Image) -> tuple[Face, ...]:
        """All faces of a BGR frame, best first."""
        canvas, fit = letterbox(frame, self._width_px, self._height_px)
        answer = self._network.run({"input": planes(canvas)})
        cells = [self._decode(answer, stride) for stride in STRIDES_PX]
        corners, points, scores = (np.concatenate(parts) for parts in zip(*cells, strict=True))
        corners = fit.to_frame(corners.reshape(-1, 2, 2)).reshape(-1, 4)
        points = fit.to_frame(points)
        best = (group[0] for group in distinct(corners, scores, MAX_OVERLAP))
        return tuple(Face(box_of(corners[i]), points[i], float(scores[i])) for i in best)

    def _decode(self, answer: dict[str, Floats], stride: int) -> tuple[Floats, Floats, Floats]:
        """Corners (N, 4), landmarks (N, 5, 2) and scores (N,) of the cells that see a face."""
        likely, objects = answer[f"cls_{stride}"][0, :, 0], answer[f"obj_{stride}"][0, :, 0]
        scores = likely * objects
        # Few cells detect anything: the others are dropped before the slower arithmetic.
        chosen = np.flatnonzero(scores >= self._min_score * self._min_score)
        scores = np.sqrt(np.clip(likely[chosen], 0, 1) * np.clip(objects[chosen], 0, 1))
        cells = cells_of_grid(self._width_px // stride, self._height_px // stride)[chosen]
        box = answer[f"bbox_{stride}"][0, chosen]
        centre = (cells + box[:, :2]) * stride
        half = np.exp(np.clip(box[:, 2:], *SIZE_LOGARITHMS)) * (stride / 2)
        points = (cells[:, None, :] + answer[f"kps_{stride}"][0, chosen].reshape(-1, 5, 2)) * stride
        return np.concatenate([centre - half, centre + half], axis=1), points, scores
