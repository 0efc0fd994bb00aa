"""Face detectors with their real weights, as `models.serving` builds them."""

from __future__ import annotations

from models.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFace, ConfirmedBlazeFace
from models.confirmed import Confirmed
from models.mesh import FaceMesh
from models.retinaface import RetinaFace
from models.scrfd import Scrfd
from models.serving import SURE_RETINAFACE_SCORE, SURE_YUNET_SCORE, FaceDetector
from models.yunet import YuNet
from tests.support.weights import network


def face_mesh() -> FaceMesh:
    return FaceMesh(network("mediapipe-face-mesh"))


def yunet(name: str) -> YuNet:
    """Without the mesh's confirmation."""
    width_px, height_px = (320, 256) if name == "yunet" else (640, 640)
    return YuNet(network(name), width_px=width_px, height_px=height_px)


def detector(name: str) -> FaceDetector:
    if name.startswith("yunet"):
        return Confirmed(yunet(name), face_mesh(), sure_score=SURE_YUNET_SCORE)
    if name.startswith("scrfd"):
        return Scrfd(network(name), width_px=320, height_px=256)
    if name == "retinaface-mnet025":
        return Confirmed(RetinaFace(network(name)), face_mesh(), sure_score=SURE_RETINAFACE_SCORE)
    variant = FULL_RANGE if name == "blazeface-full-sparse" else SHORT_RANGE
    return ConfirmedBlazeFace(BlazeFace(network(name), variant), face_mesh())
