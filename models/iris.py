"""Approximate direction of the gaze, from the position of the irises between the corners of the eyes.

MediaPipe's iris network (Apache-2.0) sees one eye, upright by its corners, 2.3 times as wide as it, 64×64 RGB
0…1; it was made for the eye on the left of the picture, so the other is mirrored. It gives 71 points around
the eye (the first 16 its outline) and five of the iris, the first its centre, in pixels of the cut.

Two factors convert the offset of the iris to degrees, which are added to the direction of the head. On 17
portraits that look into the camera, head turned by up to 21°, the yaw of the offset correlates with that
turn by .85; picture and mirror image differ by 0.011 of the eye's width, 2°. Pitch is weaker (lids cover the
iris), correlation −.42: pitch follows the head, and a face that is held up is read too high.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from models.images import Image, cut
from models.mesh import LEFT_EYE, RIGHT_EYE
from models.network import Network
from models.results import Face, Floats, Gaze, HeadPose, Mesh, Region

SIDE_PX = 64
MARGIN = 2.3
OUTLINE_POINTS = 16
YAW_DEG = 180.0
"""Degrees per width of the eye. The geometry of an eyeball of 12 mm radius behind a 30 mm opening gives 143
near the middle; portraits looking into the camera gave 220, the eye network for crops 173."""
PITCH_DEG = 150.0
REST = -0.07
"""Offset of the iris from the line of the corners (down is positive) in eyes that look straight ahead."""
PITCH_ERROR_DEG, YAW_ERROR_DEG = 24.0, 16.0
"""The largest of 17 people who look into the camera (23.4 and 15.6), with eyes 6 to 48 px wide: small faces
are hardly worse."""


class IrisGaze:
    """Estimates gaze from both eyes, one after the other."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def gaze(self, frame: Image, _face: Face, mesh: Mesh, head: HeadPose) -> Gaze:
        """Where the candidate looks, relative to the camera."""
        # The outer corner of the right eye and the inner corner of the left are on the left in the picture.
        corners = ((RIGHT_EYE[0], RIGHT_EYE[3], False), (LEFT_EYE[3], LEFT_EYE[0], True))
        eyes = [(mesh.points_px[[a, b], :2], flip) for a, b, flip in corners]
        offsets = [self._offset(frame, ends, flip) for ends, flip in eyes]
        # In a turned head the farther eye looks narrow, and its iris is only estimated.
        weights = [max(float(np.sum((ends[1] - ends[0]) ** 2)), 1.0) for ends, _ in eyes]
        across, down = np.average(offsets, axis=0, weights=weights)
        return Gaze(
            pitch_deg=head.pitch_deg - (float(down) - REST) * PITCH_DEG,
            yaw_deg=head.yaw_deg + float(across) * YAW_DEG,
            pitch_error_deg=PITCH_ERROR_DEG,
            yaw_error_deg=YAW_ERROR_DEG,
        )

    def _offset(self, frame: Image, corners: Floats, flip: bool) -> Floats:
        """(2,): offset of the iris from the centre of the eye, right and down, in widths of the eye."""
        across = corners[1] - corners[0]
        middle, width_px = corners.mean(0), max(float(np.linalg.norm(across)), 1.0)
        turn_rad = math.atan2(float(across[1]), float(across[0]))
        region = Region(float(middle[0]), float(middle[1]), width_px * MARGIN, turn_rad)
        chip = cv2.cvtColor(cut(frame, region, SIDE_PX), cv2.COLOR_BGR2RGB)
        seen = np.ascontiguousarray(chip[:, ::-1] if flip else chip)
        answer = self._network.run({"input_1": np.multiply(seen, np.float32(1 / 255))[None]})
        outline = answer["output_eyes_contours_and_brows"].reshape(-1, 3)[:OUTLINE_POINTS, :2]
        offset = iris_offset(outline, answer["output_iris"].reshape(-1, 3)[0, :2])
        return offset * np.array([-1.0, 1.0], np.float32) if flip else offset


def iris_offset(outline: Floats, iris: Floats) -> Floats:
    """(2,): offset of a point (2,) from the centre between the outermost points of an outline (N, 2), in
    widths."""
    first, last = outline[outline[:, 0].argmin()], outline[outline[:, 0].argmax()]
    width_px = max(float(last[0] - first[0]), 1.0)
    offset: Floats = ((iris - (first + last) / 2) / width_px).astype(np.float32)
    return offset
