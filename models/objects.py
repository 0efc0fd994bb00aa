"""People, phones, books and laptops by YOLOX-nano (Ge et al. 2021; Megvii, Apache-2.0), trained on COCO.

Input: the frame in the upper left of a grey canvas, 416×416 BGR 0…255. Output: for each cell of the grids of
stride 8, 16 and 32 a box (middle as an offset from the cell, logarithmic size, both in strides), how likely
it holds anything, and how likely that is each of the 80 classes; all likelihoods have their sigmoid.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.grid import SIZE_LOGARITHMS, cells_of_grid
from models.images import Fit, Image, box_of, distinct, letterbox
from models.network import Network
from models.results import Floats, ObjectKind, SeenObject

SIDE_PX = 416
STRIDES_PX = (8, 16, 32)
GREY = 114
"""The canvas's grey level in the network's training."""
MIN_SCORE = 0.3
"""Objects below this score are not reported; rules require more."""
MAX_OVERLAP = 0.45
MAX_OBJECTS = 20

CLASSES = {0: ObjectKind.PERSON, 63: ObjectKind.LAPTOP, 67: ObjectKind.PHONE, 73: ObjectKind.BOOK}
"""COCO's class numbers, without gaps."""
_FIRST_CLASS = 5


class ObjectDetector:
    """Finds what `CLASSES` names in whole frames."""

    def __init__(self, network: Network, *, min_score: float = MIN_SCORE) -> None:
        self._network = network
        self._min_score = min_score
        cells = [(cells_of_grid(SIDE_PX // s, SIDE_PX // s), s) for s in STRIDES_PX]
        self._cells: Floats = np.concatenate([places for places, _ in cells])
        self._strides: Floats = np.concatenate(
            [np.full((len(places), 1), stride, np.float32) for places, stride in cells]
        )

    @property
    def device(self) -> str:
        return self._network.device

    def find(self, frame: Image) -> tuple[SeenObject, ...]:
        """Objects in a BGR frame, best first, at most 20."""
        canvas, fit = letterbox(frame, SIDE_PX, SIDE_PX, level=GREY)
        rows = self._network.run({"images": cv2.dnn.blobFromImage(canvas)})["output"][0]
        scores = rows[:, 4:5] * rows[:, [_FIRST_CLASS + number for number in CLASSES]]
        found = [
            thing
            for column, kind in enumerate(CLASSES.values())
            for thing in self._of_kind(kind, rows, scores[:, column], fit)
        ]
        return tuple(sorted(found, key=lambda thing: -thing.score)[:MAX_OBJECTS])

    def _of_kind(self, kind: ObjectKind, rows: Floats, scores: Floats, fit: Fit) -> list[SeenObject]:
        chosen = np.flatnonzero(scores >= self._min_score)
        boxes, stride = rows[chosen, :4], self._strides[chosen]
        middle = (boxes[:, :2] + self._cells[chosen]) * stride
        half = np.exp(np.clip(boxes[:, 2:], *SIZE_LOGARITHMS)) * stride / 2
        corners = fit.to_frame(np.stack([middle - half, middle + half], axis=1)).reshape(-1, 4)
        likely = scores[chosen]
        best = (group[0] for group in distinct(corners, likely, MAX_OVERLAP))
        return [SeenObject(kind, box_of(corners[i]), float(likely[i])) for i in best]
