"""What MediaPipe's own networks see in a picture, in a process that cannot import certain packages.

`python -m tests.support.seen_without PICTURE PACKAGE...` prints it as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from models.manifest import Manifest, Profile, Runtime
from models.serving import Serving
from models.store import Store


class Absent(MetaPathFinder):
    """Makes packages look as if they were not installed."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._packages:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def seen(picture: Any) -> dict[str, Any]:
    """The face's mesh, head, gaze and body in a picture with one person, and the device of each network."""
    weights = Store.here()
    own = {entry.name for entry in weights.manifest.entries if Runtime.MEDIAPIPE in entry.then}
    entries = [each for each in weights.manifest.entries if weights.manifest.holder(each).name in own]
    serving = Serving(Store(weights.root, Manifest(tuple(entries))), Profile.OPEN)
    face = serving.face_detector().find(picture)[0]
    mesh = serving.face_mesh().fit(picture, face)
    head = serving.head_pose().head(picture, face, mesh)
    gaze = serving.gaze().gaze(picture, face, mesh, head)
    body = serving.body_pose().find(picture)
    return {
        "box_px": [face.box.x_px, face.box.y_px, face.box.width_px, face.box.height_px],
        "score": face.score,
        "mesh_px": mesh.points_px.tolist(),
        "presence": mesh.presence,
        "head_deg": [head.pitch_deg, head.yaw_deg, head.roll_deg],
        "gaze_deg": [gaze.pitch_deg, gaze.yaw_deg],
        "body_px": None if body is None else body.points_px.tolist(),
        "devices": serving.devices,
    }


def main(path: str, absent: Sequence[str]) -> None:
    sys.meta_path.insert(0, Absent(absent))
    picture = cv2.imread(path)
    assert picture is not None
    told = seen(picture.astype(np.uint8, copy=False))
    told["loaded"] = sorted({"onnxruntime", "openvino", "ai_edge_litert", "mediapipe"} & sys.modules.keys())
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
