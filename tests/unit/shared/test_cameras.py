"""Which labels speak for a program, and which cameras people really have."""

from __future__ import annotations

import pytest

from shared.cameras import MAX_LABEL_CHARS, PROGRAMS, SHOWN_CHARS, Camera, program_of


@pytest.mark.parametrize(
    "label",
    [
        "OBS Virtual Camera",
        "OBS Virtual Camera (m-de:vice)",
        "ManyCam Virtual Webcam",
        "Snap Camera",
        "Dummy video device (0x0000)",
        "DroidCam Source 3",
        "NVIDIA Broadcast",
    ],
)
def test_programs_are_known_by_the_names_they_go_by(label: str) -> None:
    assert program_of(Camera(label=label)) is not None


@pytest.mark.parametrize(
    "label",
    [
        "",
        "HD Pro Webcam C920 (046d:082d)",
        "FaceTime HD Camera (Built-in) (05ac:8514)",
        "Integrated Camera (04f2:b6cb)",
        "Anna's iPhone Camera",
        "camera2 1, facing front",
        "USB2.0 HD UVC WebCam",
        "Logitech BRIO",
        "Surface Camera Front",
        "Microsoft LifeCam Studio",
        "fake_device_0",
    ],
)
def test_real_cameras_are_not_remarked_on(label: str) -> None:
    assert program_of(Camera(label=label, width_px=640, height_px=480, frames_per_second=15)) is None


def test_a_shared_screen_is_no_camera_whatever_its_name() -> None:
    reason = program_of(Camera(label="HD Webcam", display_surface="monitor"))
    assert reason is not None
    assert "screen" in reason


def test_every_entry_has_a_reason_and_can_be_found_first() -> None:
    for part, reason in PROGRAMS:
        assert part == part.casefold()
        assert program_of(Camera(label=f"The {part.upper()} 2")) == reason


def test_what_is_shown_of_a_label_is_bounded_and_can_be_printed() -> None:
    assert Camera(label="OBS\x00\n\x1b[31m Cam").shown == "OBS[31m Cam"
    assert len(Camera(label="x" * MAX_LABEL_CHARS).shown) == SHOWN_CHARS
