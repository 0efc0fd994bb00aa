"""This project's side of `uniface`: the same weights, pictures and answers as `_theirs`.

Faces are aligned by the detector's own five points, as uniface does, and not by the mesh. A line that is a
list of five points for each picture is answered with the embeddings there.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import cv2
import numpy as np

from models.chain import Runtime
from models.images import Image
from models.opening import open_entry
from models.recognising import levels_of
from models.recognition import ARCFACE, Recogniser
from models.results import Mesh
from models.scrfd import Scrfd
from models.similarity import Similarity
from models.store import Store


def main() -> None:
    task = json.loads(sys.stdin.readline())
    cv2.setNumThreads(1)
    store = Store.here()
    entries = [store.manifest.entry(task[each]) for each in ("our_detector", "our_recogniser")]
    assert all(entry.runtime is Runtime.ONNX_CPU for entry in entries)
    (detector,), (recogniser,) = (open_entry(store, entry) for entry in entries)
    find = Scrfd(detector, width_px=task["size_px"][0], height_px=task["size_px"][1]).find
    by_points = replace(ARCFACE, points=lambda mesh: mesh.points_px[:, :2])
    judge = Recogniser(
        entries[1].label, recogniser, levels_of(entries[1]), by_points, Similarity(((0.0, 0.5), (1.0, 1.0)))
    )
    pictures = [_read(path) for path in task["pictures"]]
    for line in sys.stdin:
        given = json.loads(line)
        rows = []
        if given:
            meshes = [Mesh(np.array(points, np.float32), 1.0) for points in given]
            both = zip(pictures, meshes, strict=True)
            rows = [judge.embed(picture, mesh).vector.tolist() for picture, mesh in both]
        to_see = [] if given else pictures
        for picture in to_see:
            begun_s = time.process_time()
            faces = find(picture)
            vectors = [judge.embed(picture, Mesh(face.landmarks_px, 1.0)).vector for face in faces]
            spent_s = time.process_time() - begun_s
            found = [
                {
                    "box": [
                        face.box.x_px,
                        face.box.y_px,
                        face.box.x_px + face.box.width_px,
                        face.box.y_px + face.box.height_px,
                    ],
                    "points": face.landmarks_px.tolist(),
                    "vector": vector.tolist(),
                }
                for face, vector in zip(faces, vectors, strict=True)
            ]
            rows.append({"spent_s": spent_s, "faces": found})
        sys.stdout.write(json.dumps(rows) + "\n")
        sys.stdout.flush()


def _read(path: str) -> Image:
    picture = cv2.imread(path)
    assert picture is not None
    return picture.astype(np.uint8, copy=False)


if __name__ == "__main__":
    main()
