"""The uniface side of `uniface`: runs in an environment of its own and knows nothing of this project.

Reads the weights' paths and pictures as JSON from its first line; then answers each line with what it finds
in every picture and the processor seconds it took. A line `"rgb"` hands its detector red first: SCRFD was
trained so, and uniface passes on what it is given, by its documentation blue first. Its hash check is passed
over: it would delete equal weights in other bytes. Its sessions get one thread, as ours have: its own would
spin beside one another.
"""

import json
import sys
import time

import cv2
import onnxruntime
import uniface.detection.scrfd as scrfd_module
import uniface.recognition.arcface as arcface_module
import uniface.recognition.base as recognition_module
from uniface import SCRFD, ArcFace
from uniface.constants import ArcFaceWeights, SCRFDWeights


def main() -> None:
    task = json.loads(sys.stdin.readline())
    cv2.setNumThreads(1)
    scrfd_module.verify_model_weights = lambda *_, **__: task["detector"]
    arcface_module.verify_model_weights = lambda *_, **__: task["recogniser"]
    scrfd_module.create_onnx_session = recognition_module.create_onnx_session = one_thread
    size = tuple(task["size_px"])
    providers = ["CPUExecutionProvider"]
    detect = SCRFD(model_name=SCRFDWeights.SCRFD_500M_KPS, input_size=size, providers=providers).detect
    embed = ArcFace(model_name=ArcFaceWeights.MNET, providers=providers).get_normalized_embedding
    pictures = [picture for path in task["pictures"] if (picture := cv2.imread(path)) is not None]
    swapped = [cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures]
    for line in sys.stdin:
        rows = []
        to_see = swapped if json.loads(line) == "rgb" else pictures
        for picture, seen in zip(pictures, to_see, strict=True):
            begun_s = time.process_time()
            faces = detect(seen)
            vectors = [embed(picture, face.landmarks) for face in faces]
            spent_s = time.process_time() - begun_s
            found = [
                {
                    "box": [float(edge) for edge in face.bbox],
                    "points": [[float(x), float(y)] for x, y in face.landmarks],
                    "vector": [float(number) for number in vector.ravel()],
                }
                for face, vector in zip(faces, vectors, strict=True)
            ]
            rows.append({"spent_s": spent_s, "faces": found})
        sys.stdout.write(json.dumps(rows) + "\n")
        sys.stdout.flush()


def one_thread(path: str, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=providers)


main()
