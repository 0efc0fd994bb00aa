from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from edge.analysis.measured import Called, Origin, spans_of
from shared.errors import ConfigError
from shared.traces.opening import traces_of
from shared.traces.section import TracesSection
from shared.traces.spans import Span, TraceStep, span_id, trace_id

ALERT = UUID("8d0c7a52-9f5e-5d0f-8a8e-0b8f0f0c1234")
PICTURE = Origin(
    TraceStep.PICTURE,
    arrived_s=10.0,
    calls=(Called("faces", 10.1, 10.2, failed=False), Called("identity", 10.2, 10.3, failed=True)),
    looked_s=10.3,
)


def test_a_trace_is_named_by_its_alert_and_every_step_has_an_id_of_its_own() -> None:
    assert trace_id(ALERT) == ALERT.hex
    places = [
        (ALERT, 1, TraceStep.STORED, ""),
        (ALERT, 2, TraceStep.STORED, ""),
        (ALERT, 1, TraceStep.HUB, ""),
        (ALERT, 1, TraceStep.DELIVERED, "a"),
        (ALERT, 1, TraceStep.DELIVERED, "b"),
        (UUID(int=7), 1, TraceStep.STORED, ""),
    ]
    ids = [span_id(*place) for place in places]
    assert len(set(ids)) == len(places)
    assert ids == [span_id(*place) for place in places]
    assert all(0 < one < 2**64 for one in ids)


def test_the_way_of_a_picture_to_a_finding_has_each_call_and_says_which_gave_nothing() -> None:
    picture, faces, identity, finding = spans_of(PICTURE, judged_s=10.4)
    assert (picture.step, picture.begun_s, picture.ended_s, picture.after) == (
        TraceStep.PICTURE,
        10.0,
        10.4,
        None,
    )
    assert [one.name for one in (faces, identity)] == ["look faces 1", "look identity 2"]
    assert [(one.begun_s, one.ended_s, one.after) for one in (faces, identity)] == [
        (10.1, 10.2, TraceStep.PICTURE),
        (10.2, 10.3, TraceStep.PICTURE),
    ]
    assert (faces.failed, identity.failed) == (None, "no result")
    assert (finding.begun_s, finding.ended_s, finding.after) == (10.3, 10.4, TraceStep.PICTURE)


def test_sound_leads_to_findings_too() -> None:
    sound, *_, finding = spans_of(replace(PICTURE, step=TraceStep.SOUND), judged_s=11.0)
    assert (sound.name, finding.after) == ("sound", TraceStep.SOUND)


def test_two_calls_of_one_look_are_two_spans() -> None:
    call = Called("identity", 1.0, 2.0, failed=False)
    _, first, second, _ = spans_of(replace(PICTURE, calls=(call, call)), judged_s=11.0)
    assert span_id(ALERT, 1, first.step, first.which) != span_id(ALERT, 1, second.step, second.which)


def test_only_looks_are_shown_with_what_tells_them_apart() -> None:
    assert Span(TraceStep.DELIVERED, 0.0, 1.0, TraceStep.STORED, which="secret parcel").name == "delivered"


@pytest.mark.parametrize(
    "url",
    [
        "http://collector.example.org:4318/v1/traces",
        "https://user:word@collector.example.org/v1/traces",
        "https://collector.example.org/v1/traces?key=word",
        "ftp://127.0.0.1/traces",
        "https://",
    ],
)
def test_a_collector_elsewhere_needs_https_and_no_address_has_a_secret(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        TracesSection(url=url)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/v1/traces", "https://c.example.org/v1/traces"],
)
def test_a_collector_here_or_behind_https_is_taken(url: str) -> None:
    assert TracesSection(url=url).url == url


def test_traces_are_off_by_default_and_an_authorization_needs_a_collector() -> None:
    assert traces_of(TracesSection(), "proctor-edge", "node") is None
    with pytest.raises(ValidationError, match="authorization_file needs a url"):
        TracesSection(authorization_file=Path("/nowhere"))


def test_the_authorization_is_read_from_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "authorization"
    file.touch(mode=0o600)
    file.write_text("Bearer word\n")
    section = TracesSection(url="http://127.0.0.1:4318/v1/traces", authorization_file=file)
    assert section.read_headers() == {"Authorization": "Bearer word"}
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="authorization"):
        section.read_headers()
