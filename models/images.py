"""Geometry of pictures: fit, cut, turn, overlap. numpy and cv2 only.

Frames are uint8 BGR arrays (height, width, 3). Nothing here copies a frame it only reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.results import Box, Floats, Region

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]
"""(2, 3): an affine map of (x, y, 1)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The scale and position of a frame on a canvas: canvas = frame · scale + pad."""

    scale: float
    pad_x_px: int
    pad_y_px: int

    def to_frame(self, points: Floats) -> Floats:
        """Canvas points (…, 2) in frame coordinates."""
        return ((points - np.array([self.pad_x_px, self.pad_y_px], np.float32)) / self.scale).astype(
            np.float32
        )


def letterbox(
    frame: Image, width_px: int, height_px: int, *, centred: bool = False, level: int = 0
) -> tuple[Image, Fit]:
    """The frame scaled into a canvas of one grey `level` with its shape kept; at the upper left, or
    centred."""
    frame_height_px, frame_width_px = frame.shape[:2]
    scale = min(width_px / frame_width_px, height_px / frame_height_px)
    inner_width_px = max(1, round(frame_width_px * scale))
    inner_height_px = max(1, round(frame_height_px * scale))
    spare_x_px, spare_y_px = width_px - inner_width_px, height_px - inner_height_px
    left_px, top_px = (spare_x_px // 2, spare_y_px // 2) if centred else (0, 0)
    # Averaging keeps small faces if the frame shrinks by two or more; bilinear would skip pixels.
    method = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
    if spare_x_px == 0 and spare_y_px == 0:
        return cv2.resize(frame, (width_px, height_px), interpolation=method).astype(
            np.uint8, copy=False
        ), Fit(scale, 0, 0)
    canvas = np.full((height_px, width_px, 3), level, np.uint8)
    inner = canvas[top_px : top_px + inner_height_px, left_px : left_px + inner_width_px]
    inner[:] = cv2.resize(frame, (inner_width_px, inner_height_px), interpolation=method)
    return canvas, Fit(scale, left_px, top_px)


def shrunk(picture: Image, width_px: int, height_px: int) -> Image:
    """The picture averaged down to a size that is not larger.

    By halves first: averaging two by two is several times quicker than over any other area.
    """
    height, width = picture.shape[:2]
    while width >= 2 * width_px and height >= 2 * height_px and not (width % 2 or height % 2):
        width, height = width // 2, height // 2
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
    if (width, height) == (width_px, height_px):
        return picture
    return cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )


def planes(picture: Image) -> Floats:
    """(1, 3, height, width) float32 levels 0…255 of a BGR picture, colour by colour."""
    blob = np.empty((1, 3, *picture.shape[:2]), np.float32)
    for plane, colour in zip(blob[0], cv2.split(picture), strict=True):
        plane[:] = colour
    return blob


def similarity_transform(source: Floats, target: Floats) -> Matrix:
    """The rotation, uniform scale and shift that bring points (N, 2) closest to target, by least squares.

    Closed form of Umeyama (1991) in two dimensions, without reflection.
    """
    source_mean, target_mean = source.mean(0, dtype=np.float64), target.mean(0, dtype=np.float64)
    s, t = source - source_mean, target - target_mean
    norm = float((s * s).sum())
    if norm == 0.0:
        raise ValueError("all source points are the same")
    a = float((s * t).sum()) / norm
    b = float((s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum()) / norm
    turn = np.array([[a, -b], [b, a]])
    return np.column_stack([turn, target_mean - turn @ source_mean])


def warp(frame: Image, matrix: Matrix, width_px: int, height_px: int) -> Image:
    """The frame through `matrix` (frame → chip), black outside; averaged first where it shrinks a lot."""
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    halvings = 0 if scale <= 0.0 else max(0, math.ceil(math.log2(0.5 / scale)))
    if halvings:
        left, top, right, bottom = _source_bounds(frame, matrix, width_px, height_px)
        step = 2**halvings
        # Whole steps only; at the frame's edge less than a pixel of the chip is lost.
        right, bottom = min(right + step, frame.shape[1]), min(bottom + step, frame.shape[0])
        right, bottom = right - (right - left) % step, bottom - (bottom - top) % step
        if right <= left or bottom <= top:
            return np.zeros((height_px, width_px, 3), np.uint8)
        frame = shrunk(frame[top:bottom, left:right], (right - left) // step, (bottom - top) // step)
        # A pixel's centre is at +0.5: scaled coordinates shift by half a pixel either way.
        back = (step - 1) / 2
        matrix = matrix @ np.array([[step, 0, left + back], [0, step, top + back], [0, 0, 1]])
    return cv2.warpAffine(frame, matrix, (width_px, height_px), flags=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )


def _source_bounds(frame: Image, matrix: Matrix, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the frame that the chip shows, two pixels wider."""
    corners = np.array([[0, 0], [width_px, 0], [0, height_px], [width_px, height_px]], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low, high = np.floor(seen.min(0)) - 2, np.ceil(seen.max(0)) + 2
    height, width = frame.shape[:2]
    return (
        int(min(max(low[0], 0), width)),
        int(min(max(low[1], 0), height)),
        int(min(max(high[0], 0), width)),
        int(min(max(high[1], 0), height)),
    )


def region_transform(region: Region, size_px: int) -> Matrix:
    """The map from the frame to a `size_px` square that shows the region upright."""
    scale = size_px / region.side_px
    cosine, sine = math.cos(region.angle_rad) * scale, math.sin(region.angle_rad) * scale
    turn = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([region.centre_x_px, region.centre_y_px])
    return np.column_stack([turn, size_px / 2 - turn @ centre])


def cut(frame: Image, region: Region, size_px: int) -> Image:
    """The region of the frame, upright, as a `size_px` square; black outside the frame."""
    # The transform uses edges, warpAffine pixel centres: half a pixel apart.
    matrix = region_transform(region, size_px)
    matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return warp(frame, matrix, size_px, size_px)


def from_region(points: Floats, region: Region, size_px: int) -> Floats:
    """Points (N, 3) of the cut in frame coordinates; z is scaled as well."""
    scale = region.side_px / size_px
    cosine, sine = math.cos(region.angle_rad) * scale, math.sin(region.angle_rad) * scale
    x, y = points[:, 0] - size_px / 2, points[:, 1] - size_px / 2
    return np.stack(
        [
            region.centre_x_px + cosine * x - sine * y,
            region.centre_y_px + sine * x + cosine * y,
            points[:, 2] * scale,
        ],
        axis=1,
    ).astype(np.float32)


def around(box: Box, margin: float) -> Region:
    """The upright square with a box's centre and its larger side times `margin`."""
    side_px = max(box.width_px, box.height_px) * margin
    return Region(box.x_px + box.width_px / 2, box.y_px + box.height_px / 2, max(side_px, 1.0), 0.0)


def as_imagenet(chip: Image) -> Floats:
    """(1, 3, height, width): a BGR chip in RGB, normalised as networks trained on ImageNet expect it."""
    rgb = cv2.cvtColor(chip, cv2.COLOR_BGR2RGB).astype(np.float32)
    levels = (rgb - np.array(_IMAGENET_MEAN, np.float32)) / np.array(_IMAGENET_SPREAD, np.float32)
    return np.ascontiguousarray(levels.transpose(2, 0, 1)[None], np.float32)


# Mean and standard deviation of ImageNet's pictures per colour (red, green, blue), of levels 0…255.
_IMAGENET_MEAN = (123.675, 116.28, 103.53)
_IMAGENET_SPREAD = (58.395, 57.12, 57.375)


def overlap(corners: Floats, others: Floats) -> Floats:
    """Intersection over union of one rectangle (4,) with many (N, 4), each x0, y0, x1, y1."""
    width = np.minimum(corners[2], others[:, 2]) - np.maximum(corners[0], others[:, 0])
    height = np.minimum(corners[3], others[:, 3]) - np.maximum(corners[1], others[:, 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    own = (corners[2] - corners[0]) * (corners[3] - corners[1])
    theirs = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    ratio: Floats = (shared / np.maximum(own + theirs - shared, 1e-9)).astype(np.float32)
    return ratio


def distinct(corners: Floats, scores: Floats, max_overlap: float) -> list[list[int]]:
    """Groups of rectangles (N, 4) that overlap enough to be one thing, best group and best member first.

    The classic non-maximum suppression keeps each group's first; blending detectors use all members.
    """
    left = np.argsort(-scores, kind="stable")
    groups: list[list[int]] = []
    while left.size:
        same = overlap(corners[left[0]], corners[left]) > max_overlap
        same[0] = True
        groups.append([int(index) for index in left[same]])
        left = left[~same]
    return groups


def box_of(corners: Floats) -> Box:
    """x0, y0, x1, y1 as a Box."""
    x0, y0, x1, y1 = (float(value) for value in corners)
    return Box(x0, y0, x1 - x0, y1 - y0)


def inside(frame: Image, box: Box) -> Image:
    """The part of the frame under the box, a view; empty where they do not meet."""
    height, width = frame.shape[:2]
    left, top = max(0, round(box.x_px)), max(0, round(box.y_px))
    right = min(width, round(box.x_px + box.width_px))
    bottom = min(height, round(box.y_px + box.height_px))
    return frame[top : max(top, bottom), left : max(left, right)]
