"""What every network for the body is held against: the same portraits, rooms and recordings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.figure import LEFT_SHOULDER, NOSE, RIGHT_SHOULDER, shoulders_visible
from models.results import Body

MARKED_PX = {"collins": ((225, 127), (298, 240), (115, 225)), "hopper": ((267, 238), (430, 415), (105, 405))}
"""Nose, left and right shoulder (the candidate's), marked by eye on the portraits; suit and uniform hide the
joints, so a quarter of the width of the shoulders is near enough."""

WITHOUT_PEOPLE = ("open_room_table.jpg", "open_cat.jpg", "open_hotdog.jpg")
TALKING_HEADS = ("open_grid_bbaf2n.mpg", "open_grid_lrwp9a.mpg", "open_carphone_qcif.mp4")

COMING_AND_GOING = "video/open_enter_stay_leave.mp4"
PRESENT_S = ((6.5, 20), (23, 45), (50.5, 70), (74.5, 87), (92.5, 120.5), (124, 136))
"""When somebody is in that picture, as annotated with the recording."""
UNSURE_S = 1.0


def error_in_shoulder_widths(body: Body, who: str) -> float:
    """How far the farthest of nose and shoulders lies from where people see it."""
    marked = np.array(MARKED_PX[who])
    found = body.points_px[[NOSE, LEFT_SHOULDER, RIGHT_SHOULDER], :2]
    errors_px = np.linalg.norm(found - marked, axis=1)
    return float(errors_px.max() / np.linalg.norm(marked[1] - marked[2]))


def misjudged_s(bodies: Iterable[Body | None]) -> list[int]:
    """The seconds of `COMING_AND_GOING` in which shoulders were seen of nobody, or none of somebody."""
    wrong = []
    for number, body in enumerate(bodies):
        near_a_change = any(abs(number - at) <= UNSURE_S for span in PRESENT_S for at in span)
        expected = any(begun < number < ended for begun, ended in PRESENT_S)
        if not near_a_change and expected is not (body is not None and shoulders_visible(body)):
            wrong.append(number)
    return wrong
