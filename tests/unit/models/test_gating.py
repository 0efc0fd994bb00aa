"""What the gates refuse, as it is reported."""

from __future__ import annotations

from models.gating import Trial, report

DIM = ("brightness", "sharpness")


def test_each_gate_is_told_by_group_size_and_light_with_what_refused_it() -> None:
    tried = [
        Trial("west", 84, 0.4, DIM, ()),
        Trial("west", 84, 0.4, ("brightness",), ("no face",)),
        Trial("west", 84, 1.0, (), ()),
        Trial("east", 160, 1.0, (), ()),
    ]
    lines = list(report(tried))
    places = ("east 160", "west 84")
    assert [line.split(" px:")[0] for line in lines] == [
        f"{gate} {place}" for gate in ("enrollment", "verification") for place in places
    ]
    assert "×0.4 2 of 2 (2 brightness, 1 sharpness)" in lines[1]
    assert "×1 0 of 1" in lines[1]
    assert "×0.4 1 of 2 (1 no face)" in lines[3]


def test_people_of_no_group_are_told_together() -> None:
    assert next(iter(report([Trial("", 120, 1.0, (), ())]))).startswith("enrollment all 120 px: ")
