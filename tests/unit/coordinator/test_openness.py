"""The public notice says what the tables and the manifest say, and promises only what some code keeps."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import coordinator
from coordinator.openness import words
from coordinator.openness.facts import Institution, notice
from coordinator.openness.networks import cards
from coordinator.openness.page import NOT_MEASURED, written_out
from models.cards import models_page, networks_json
from models.manifest import load_manifest
from models.tasks import DOES, Task
from shared.consents import OF_SESSIONS, Purpose
from shared.events.table import EVENTS
from shared.policy.terms import Retention
from shared.retention import Kept

ROOT = Path(coordinator.__file__).parents[1]


def kept(keeper: str) -> object:
    module, _, name = keeper.partition(":")
    return getattr(importlib.import_module(module), name)


def test_the_files_of_the_repository_are_what_the_manifest_gives() -> None:
    manifest = load_manifest()
    assert (ROOT / "docs" / "models.md").read_text("utf-8") == models_page(manifest), "run `make docs`"
    written = (ROOT / "coordinator" / "openness" / "networks.json").read_text("utf-8")
    assert written == networks_json(manifest), "run `make docs`"
    assert set(DOES) == set(Task)


def test_every_network_is_named_with_its_licence_and_its_figures_or_that_there_are_none() -> None:
    shown = written_out(notice(cards(), ()))
    plain = re.sub(r"<[^>]+>", " ", shown)
    for entry in load_manifest().entries:
        assert f"{entry.name} {entry.version}" in plain
    rows = [row for row in shown.split("<tr>") if 'scope="row"' in row]
    networks = rows[-len(load_manifest().entries) :]
    for card, row in zip(cards(), networks, strict=True):
        assert row.split("</td>")[2].endswith(f">{NOT_MEASURED}") is (card["measured"] == []), card["name"]
        assert row.split("</td>")[4].endswith(f">{NOT_MEASURED}") is (card["differences"] == ""), card["name"]
    assert any(card["measured"] for card in cards())
    assert any(not card["measured"] for card in cards())


def test_no_figure_stands_without_what_it_was_measured_on() -> None:
    for card in cards():
        for figure in card["measured"]:
            assert len(figure["input"]) > 5
            assert re.search(r"\d", figure["input"]), figure
    claims = [*words.DECIDES, *words.NEVER, *words.LIMITS, *words.RIGHTS]
    assert [one for one in claims if re.search(r"\d", one)] == []


def test_each_promise_has_the_code_that_keeps_it_and_the_rest_is_named_as_not_ours() -> None:
    said = {*words.DECIDES, *words.NEVER, *words.LIMITS, *words.RIGHTS}
    assert set(words.KEPT_BY) | words.OWED_BY_PEOPLE == said
    assert not set(words.KEPT_BY) & words.OWED_BY_PEOPLE
    keepers = [*words.KEPT_BY.values(), *words.KEPT_OTHERWISE_BY]
    assert [one for one in keepers if kept(one) is None] == []
    assert len(words.KEPT_OTHERWISE) == len(words.KEPT_OTHERWISE_BY)


def test_all_that_has_a_rule_is_named_and_the_days_are_those_of_the_policy() -> None:
    said = notice(cards(), ())
    assert {one.event_type for one in said.looked_for} == {
        row.event for row in EVENTS.values() if row.rule is not None
    }
    assert set(words.KEPT) == set(Kept)
    usual = Retention()
    days = {usual.templates_days, usual.evidence_days, usual.alerts_days, usual.features_days, 365}
    assert {one.usual_days for one in said.kept} == {*days, None}


def test_an_institution_says_on_which_basis_it_relies() -> None:
    basis = "Examination regulations, <b>section 12</b>"
    said = notice(cards(), (), Institution("University & Co", {Purpose.CAMERA_MONITORING: basis}))
    by_purpose = {one.purpose: one.basis for one in said.purposes}
    assert set(by_purpose) == set(Purpose)
    assert basis in by_purpose[Purpose.CAMERA_MONITORING]
    assert by_purpose[Purpose.IDENTITY_VERIFICATION] == words.ASKED
    assert {by_purpose[one] for one in Purpose if one not in OF_SESSIONS} == {words.OWN_YES}
    shown = written_out(said)
    assert "University &amp; Co" in shown
    assert "<b>" not in shown


def test_a_network_that_some_node_uses_now_is_marked() -> None:
    label = f"{cards()[0]['name']}@{cards()[0]['version']}"
    said = notice(cards(), {label})
    assert [one.in_use for one in said.networks].count(True) == 1
    assert written_out(said).count("in use now") == 1
    assert json.loads(said.model_dump_json())["institution"] is None
