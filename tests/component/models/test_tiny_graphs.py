"""Networks whose weights were not at hand, as small graphs of the same signature: opened, fed, decoded.

These prove the way from frame or sound to answer, not that the real weights are any good: the manifest calls
these networks not verified.
"""

from __future__ import annotations

import base64
import math
from pathlib import Path

import numpy as np
import pytest

from models.binned_gaze import BinnedGaze
from models.manifest import Profile, load_manifest
from models.results import Box, Face, HeadPose, Mesh
from models.rotation_pose import RotationHeadPose
from models.serving import Serving
from models.tasks import Task
from models.wespeaker import WeSpeaker
from models.whisper import MAX_TOKENS
from tests.support.foreign import face_at, head_mesh
from tests.support.networks import save_pooling, save_saying, store_of
from tests.support.people import as_by_webcam, collins

FACE = Face(Box(150, 40, 140, 170), np.zeros((5, 2), np.float32), 1.0)
MESH = Mesh(np.zeros((468, 3), np.float32), 1.0)
PICTURE = ("batch", 3, 448, 448)


def logits(bin_number: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.full((1, 90), -30.0, np.float32)
    rows[0, bin_number] = 0.0
    return rows


@pytest.mark.parametrize("name", ["l2cs-mobileone-s0", "l2cs-resnet18"])
def test_a_gaze_network_in_bins(tmp_path: Path, name: str) -> None:
    answers = {"pitch": logits(50), "yaw": logits(40)}
    graph = save_saying(tmp_path / "bins.onnx", {"input": PICTURE}, answers)
    serving = Serving(store_of(tmp_path, name, graph), Profile.RESEARCH)
    estimator = serving.gaze()
    assert isinstance(estimator, BinnedGaze)
    gaze = estimator.gaze(collins(), FACE, MESH, HeadPose(0, 0, 0))
    assert gaze.yaw_deg == pytest.approx(-20.0, abs=1e-3)
    assert gaze.pitch_deg == pytest.approx(-20.0, abs=1e-3)
    assert serving.labels[Task.GAZE] == f"{name}@1"


def test_a_head_network_that_answers_a_rotation(tmp_path: Path) -> None:
    angle = math.radians(30)
    turn = np.array(
        [[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]]
    )
    graph = save_saying(tmp_path / "turn.onnx", {"images": ("batch", 3, 224, 224)}, {"turn": turn[None]})
    estimator = Serving(store_of(tmp_path, "head-pose-mobilenetv3-small", graph), Profile.OPEN).head_pose()
    assert isinstance(estimator, RotationHeadPose)
    head = estimator.head(collins(), FACE, MESH)
    assert head.yaw_deg == pytest.approx(-30.0, abs=1e-3)
    assert (head.pitch_deg, head.roll_deg) == pytest.approx((0.0, 0.0), abs=1e-3)


@pytest.mark.parametrize("name", ["arcface-resnet50", "arcface-mobilefacenet"])
def test_an_arcface_recogniser_of_any_depth_is_fed_the_same_chips(tmp_path: Path, name: str) -> None:
    graph = save_pooling(tmp_path / "pool.onnx", input_name="input.1", side_px=112, cell_px=7, values=512)
    ((entry, judge),) = Serving(store_of(tmp_path, name, graph), Profile.RESEARCH).uncalibrated()
    assert judge.name == entry.label == f"{name}@0.7"
    mesh = head_mesh().fit(collins(), face_at(150, 140))
    one, again = judge.embed(collins(), mesh), judge.embed(as_by_webcam(collins()), mesh)
    assert one.vector.shape == (512,)
    assert np.abs(one.vector).max() <= 1.0
    assert np.linalg.norm(one.vector - again.vector) > 0


def test_a_speaker_network_over_energies(tmp_path: Path) -> None:
    said = np.zeros((1, 256), np.float32)
    said[0, :2] = (3.0, 4.0)
    graph = save_saying(tmp_path / "voice.onnx", {"feats": ("batch", "frames", 80)}, {"embs": said})
    encoder = Serving(store_of(tmp_path, "wespeaker-resnet34", graph), Profile.OPEN).speaker_encoder()
    assert isinstance(encoder, WeSpeaker)
    vector = encoder.embed(np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32))
    assert vector[:2].tolist() == pytest.approx([0.6, 0.8])
    with pytest.raises(ValueError, match=r"0\.5 s"):
        encoder.embed(np.zeros(4000, np.float32))


def test_speech_recognition_that_has_one_thing_to_say(tmp_path: Path) -> None:
    cross = np.zeros((4, 1, 1500, 384), np.float32)
    state = np.zeros((4, 1, 448, 384), np.float32)
    logits = np.full((1, 1, 51_865), -20.0, np.float32)
    logits[0, 0, 7] = 3.0
    encoder = save_saying(
        tmp_path / "encoder.onnx",
        {"mel": ("batch", 80, 3000)},
        {"n_layer_cross_k": cross, "n_layer_cross_v": cross},
    )
    caches = {f"in_n_layer_self_{part}_cache": (4, "batch", 448, 384) for part in "kv"}
    crosses = {f"n_layer_cross_{part}": (4, "batch", 1500, 384) for part in "kv"}
    decoder = save_saying(
        tmp_path / "decoder.onnx",
        {**caches, **crosses},
        {"logits": logits, "out_n_layer_self_k_cache": state, "out_n_layer_self_v_cache": state},
        whole_numbers={"tokens": ("batch", "tokens"), "offset": (1,)},
    )
    vocabulary = tmp_path / "tokens.txt"
    vocabulary.write_text(f"{base64.b64encode(b' yes').decode()} 7\n")
    store = store_of(tmp_path, "whisper-tiny", encoder, decoder, vocabulary)
    transcript = Serving(store, Profile.OPEN).transcriber().transcribe(np.zeros(16_000, np.float32))
    assert transcript.text == " ".join(["yes"] * MAX_TOKENS)
    assert transcript.silence < 0.01


def test_networks_never_seen_with_real_weights_say_so() -> None:
    unseen = (
        "whisper-tiny",
        "l2cs-resnet18",
        "head-pose-mobilenetv3-small",
        "wespeaker-resnet34",
    )
    for name in unseen:
        assert load_manifest().entry(name).verified == ""
