"""Faces by RetinaFace (Deng et al. 2020) on MobileNet 0.25: exact landmarks, slower than the others.

Input 640×640 BGR less the means (104, 117, 123). Every cell of stride 8, 16 and 32 has two square priors; the
outputs are offsets from the prior's centre in tenths of its side, logarithmic sizes in fifths, and
probabilities. Outputs are identified by their last dimension: 2 scores, 4 box, 10 landmarks.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.grid import SIZE_LOGARITHMS, cells_of_grid
from models.images import Image, box_of, distinct, letterbox
from models.network import Network
from models.results import Face, Floats

SIDE_PX = 640
MAX_OVERLAP = 0.4
_PRIORS_PX = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
_CENTRE_SCALE, _SIZE_SCALE = 0.1, 0.2


class RetinaFace:
    """Detects faces on a fixed canvas of 640×640."""

    def __init__(self, network: Network, *, min_score: float = 0.5) -> None:
        self._network = network
        self._min_score = min_score
        self._middles, self._sides = _priors()

    @property
    def device(self) -> str:
        return self._network.device

    def find(self, frame: Image) -> tuple[Face, ...]:
        """All faces of a BGR frame, best first."""
        canvas, fit = letterbox(frame, SIDE_PX, SIDE_PX)
        blob = cv2.dnn.blobFromImage(canvas, 1.0, (0, 0), (104.0, 117.0, 123.0))
        by_size = {array.shape[-1]: array[0] for array in self._network.run({"input0": blob}).values()}
        chosen = np.flatnonzero(by_size[2][:, 1] >= self._min_score)
        scores: Floats = by_size[2][chosen, 1]
        middles, sides, boxes = self._middles[chosen], self._sides[chosen], by_size[4][chosen]
        centres = middles + boxes[:, :2] * _CENTRE_SCALE * sides
        half = np.exp(np.clip(boxes[:, 2:] * _SIZE_SCALE, *SIZE_LOGARITHMS)) * sides / 2
        corners = fit.to_frame(np.stack([centres - half, centres + half], axis=1)).reshape(-1, 4)
        offsets = by_size[10][chosen].reshape(-1, 5, 2) * _CENTRE_SCALE * sides[:, None]
        points = fit.to_frame(middles[:, None] + offsets)
        best = (group[0] for group in distinct(corners, scores, MAX_OVERLAP))
        return tuple(Face(box_of(corners[i]), points[i], float(scores[i])) for i in best)


def _priors() -> tuple[Floats, Floats]:
    """Centres (N, 2) and sides (N, 1) of all priors in the order of the output, pixels."""
    middles, sides = [], []
    for stride, sizes in _PRIORS_PX:
        cells = cells_of_grid(SIDE_PX // stride, SIDE_PX // stride, len(sizes))
        middles.append((cells + np.float32(0.5)) * stride)
        sides.append(np.tile(np.array(sizes, np.float32), len(cells) // len(sizes))[:, None])
    return np.concatenate(middles), np.concatenate(sides)
