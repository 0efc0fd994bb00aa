"""Faces by SCRFD (Guo et al. 2021; insightface): accurate also on small and turned faces.

Input RGB (x − 127.5) / 128, sides in multiples of 32. Each cell of stride 8, 16 and 32 has two anchors in
its upper left corner; boxes are distances to the left, top, right and bottom in strides, scores are
probabilities.
Output names are numbers that differ from file to file, so outputs are identified by their last dimension.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.grid import cells_of_grid
from models.images import Image, box_of, distinct, letterbox
from models.network import Network
from models.results import Face, Floats

STRIDES_PX = (8, 16, 32)
ANCHORS = 2
MAX_OVERLAP = 0.4


class Scrfd:
    """`width_px`×`height_px` is the canvas the frame is fitted into."""

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
        blob = cv2.dnn.blobFromImage(canvas, 1 / 128, (0, 0), (127.5, 127.5, 127.5), swapRB=True)
        answer = self._network.run({"input.1": blob}).values()
        # By kind (last dimension 1, 4, 10), each kind from the finest grid to the coarsest.
        kinds = {
            size: sorted((a.reshape(-1, size) for a in answer if a.shape[-1] == size), key=len, reverse=True)
            for size in (1, 4, 10)
        }
        cells = [
            self._decode(stride, kinds[1][i][:, 0], kinds[4][i], kinds[10][i])
            for i, stride in enumerate(STRIDES_PX)
        ]
        corners, points, scores = (np.concatenate(parts) for parts in zip(*cells, strict=True))
        corners = fit.to_frame(corners.reshape(-1, 2, 2)).reshape(-1, 4)
        points = fit.to_frame(points)
        best = (group[0] for group in distinct(corners, scores, MAX_OVERLAP))
        return tuple(Face(box_of(corners[i]), points[i], float(scores[i])) for i in best)

    def _decode(
        self, stride: int, scores: Floats, distances: Floats, points: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Corners (N, 4), landmarks (N, 5, 2) and scores (N,) of the anchors that see a face."""
        chosen = np.flatnonzero(scores >= self._min_score)
        anchors = cells_of_grid(self._width_px // stride, self._height_px // stride, ANCHORS)[chosen]
        reach = distances[chosen]
        corners = np.concatenate([anchors - reach[:, :2], anchors + reach[:, 2:]], axis=1) * stride
        return corners, (anchors[:, None] + points[chosen].reshape(-1, 5, 2)) * stride, scores[chosen]
