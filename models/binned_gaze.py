"""Direction of the gaze by a network that outputs bins (L2CS-Net: Abdelrahman et al. 2022).

Input: the face, 448×448 RGB as for ImageNet. Output: logits over 90 bins of 4° from −180°, first the
horizontal angle (positive towards the left edge of the picture, so its sign is turned here), then the
vertical one (up is positive). Exports call the first output pitch and the second yaw, after the order of
Gaze360's labels; the code follows the directions used in training instead. No weights of this kind were
available, so the signs are not proved on pictures.
"""

from __future__ import annotations

import numpy as np

from models.images import Image, around, as_imagenet, cut
from models.network import Network
from models.results import Face, Floats, Gaze, HeadPose, Mesh

SIDE_PX = 448
BINS = 90
BIN_DEG = 4.0
FIRST_BIN_DEG = -180.0
ERROR_DEG = 30.0
"""Not measured, so more than of any measured network."""


class BinnedGaze:
    """Uses the whole face. `input_name` is this export's name of the picture input."""

    def __init__(self, network: Network, *, input_name: str = "input") -> None:
        self._network = network
        self._input_name = input_name

    @property
    def device(self) -> str:
        return self._network.device

    def gaze(self, frame: Image, face: Face, _mesh: Mesh, _head: HeadPose) -> Gaze:
        """Where the candidate looks, relative to the camera."""
        chip = cut(frame, around(face.box, 1.0), SIDE_PX)
        answer = self._network.run({self._input_name: as_imagenet(chip)})
        across, up = (expected_deg(logits[0]) for logits in answer.values())
        return Gaze(up, -across, ERROR_DEG, ERROR_DEG)


def expected_deg(logits: Floats) -> float:
    """The mean angle under the softmax of 90 logits."""
    likely = np.exp(logits.astype(np.float64) - logits.max())
    return float(likely @ np.arange(BINS) / likely.sum()) * BIN_DEG + FIRST_BIN_DEG
