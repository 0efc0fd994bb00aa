"""Another signing key takes over while nodes watch, and what the former one signed stays good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from cli.main import app as proctorctl
from coordinator.audit import chaining
from coordinator.ground import signing_files
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import load_own_keys, make_own_keys
from coordinator.ground.signing_files import SigningStep, load_signing, take_signing_step
from coordinator.main import app
from coordinator.memberships.succeeding import tell_all
from coordinator.nodes import service as nodes
from coordinator.nodes.tables import Node
from edge.coordinator_keys import CoordinatorKeys
from shared.audit_check import AuditCheck
from shared.errors import ConfigError
from shared.receipts import is_genuine
from shared.sealing import parse_signing_public, signing_public_text, unpack
from shared.secret_file import replace_private
from shared.seldom import Seldom
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site

NOW = datetime.now(UTC)


def ordered(folder: Path, *words: str) -> Result:
    """The command as an administrator types it, beside the running coordinator."""
    config = folder / "coordinator.toml"
    config.write_text(
        f'data_folder = "{folder / "coordinator"}"\ndatabase_url = "sqlite:///{folder / "coordinator.db"}"\n'
    )
    return CliRunner().invoke(app, ["rotate-signing", *words, "--config", str(config)])


async def erased(site: Site, who: str) -> bytes:
    """The receipt of an erasure, as a file."""
    officer = {"headers": site.bearer(Role.DPO, "officer")}
    gone = await site.post("/privacy/delete", {"candidate_id": who, "end_running": True}, **officer)
    assert gone.is_success, gone.text
    receipt: bytes = site.http.build_request("POST", "/", json=gone.json()["receipt"]).content
    return receipt


def test_another_key_takes_over_while_a_node_watches_and_one_is_away(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        signing = site.parts.keys.signing_keys
        first = site.parts.keys.signing_text
        keys, site.node.commander = CoordinatorKeys(first), None
        site.node.keys = keys
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        receipt = await erased(site, "CAND-2")
        await chaining.round_of(site.parts, NOW)

        async def step(word: str, *, refused: str = "") -> None:
            done = await asyncio.to_thread(ordered, tmp_path, word)
            if refused:
                assert isinstance(done.exception, ConfigError), done.output
                assert refused in str(done.exception)
            else:
                assert done.exit_code == 0, done.exception

        async def heard() -> None:
            """The node says what it knows, is told, and its word is written down."""
            noted: dict[Any, str] = {}
            for _ in range(2):
                keys = site.node.keys
                assert keys is not None
                answer = unpack(await site.node.beat())
                await tell_all(site.parts, Seldom(), noted)
                keys.verify(answer)

        await step("switch", refused="the next step is prepare")
        await step("prepare")
        await step("switch", refused="1 nodes do not know yet")
        await heard()
        second = keys.counts[1]
        assert (site.parts.keys.signing_text, keys.counts) == (first, (first, second))
        await step("switch")
        assert site.parts.keys.signing_text == second
        # A command of the new key reaches the node of the session that runs.
        told = await site.post("/session/SESS-1/pause", {"reason": "toilet"})
        assert told.is_success, told.text
        assert site.node.obeyed.changed[-1].paused
        await heard()
        await site.parts.writing(lambda db: nodes.note_keys(db, site.node.node_id, ""))
        await step("retire", refused="1 nodes do not know yet")
        site.node.keys = CoordinatorKeys(second)  # of one that joins now, and never learns the former one
        await heard()
        await step("retire")
        assert signing.current.counts == (second,)

        away = site.node.keys = CoordinatorKeys(first)
        await site.node.beat()
        await tell_all(site.parts, Seldom(), {})
        assert away.counts == (second,), "who was away all the time follows"
        site.node.keys = keys
        await tell_all(site.parts, Seldom(), {})
        assert (await site.post("/session/SESS-1/resume", {"reason": "back"})).is_success

        assert is_genuine(receipt, parse_signing_public(first))
        status = await asyncio.to_thread(ordered, tmp_path, "status")
        (tmp_path / "keys.json").write_text(status.output)
        (tmp_path / "receipt.json").write_bytes(receipt)
        check = ["privacy", "verify-receipt", str(tmp_path / "receipt.json"), "--signing-key", second]
        assert CliRunner().invoke(proctorctl, check).exit_code == 1
        said = CliRunner().invoke(proctorctl, [*check, "--successions", str(tmp_path / "keys.json")])
        assert said.exit_code == 0, said.output
        assert is_genuine(await erased(site, "CAND-1"), parse_signing_public(second))
        await chaining.round_of(site.parts, NOW + timedelta(hours=1))
        lines = (await site.get("/audit/export")).text.encode().splitlines()
        for pinned in (first, second):  # who knows either of them can check the whole log
            log = AuditCheck((parse_signing_public(pinned),))
            log.read(lines)
            assert not log.faults
            assert log.checkpoints >= 2  # the site signs by itself too

        def marks(db: Session) -> set[str | None]:
            return set(db.exec(select(Node.coordinator_keys)))

        assert len(await site.parts.reading(marks)) == 1
        assert f'"signs": "{second}"' in status.output

    on_sqlite(test)


class Killed(Exception):
    """The program is gone."""


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return make_own_keys(tmp_path / "keys", None).keyring


@pytest.mark.parametrize("operation", ["wrap_once", "wrap_over", "replace_private"])
@pytest.mark.parametrize("done", [False, True])
def test_killed_at_any_write_each_step_is_taken_again(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str, done: bool
) -> None:
    folder = tmp_path / "keys"
    whole: Callable[..., None] = getattr(signing_files, operation)

    def dying(*args: Any) -> None:
        if done:
            whole(*args)
        raise Killed

    first = load_signing(folder, keyring)
    for step in SigningStep:
        before = load_signing(folder, keyring)
        with monkeypatch.context() as patched:
            patched.setattr(signing_files, operation, dying)
            try:
                take_signing_step(folder, keyring, step, NOW)
                died = False
            except Killed:
                died = True
        now = load_signing(folder, keyring)
        # Whatever signs now counts for who has learned the step before.
        own = signing_public_text(now.key.public_key())
        assert own in before.counts
        if died and (now.next_step is step or step is SigningStep.SWITCH):
            take_signing_step(folder, keyring, step, NOW)
    last = load_signing(folder, keyring)
    assert last.next_step is SigningStep.PREPARE
    assert (len(last.counts), len(last.known)) == (1, 2)
    assert last.counts != first.counts
    assert sorted(one.name for one in folder.glob("signing*")) == ["signing.key", "signing.state"]
    again = load_own_keys(folder, folder / "master.key", None)
    assert again.signing_text == last.counts[0]


def test_each_step_is_taken_once_and_in_its_order(keyring: Keyring, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    for number, step in enumerate([*SigningStep] * 3):
        others = [one for one in SigningStep if one is not step]
        for other in others:
            with pytest.raises(ConfigError, match=f"the next step is {step}"):
                take_signing_step(folder, keyring, other, NOW)
        take_signing_step(folder, keyring, step, NOW)
        assert len(load_signing(folder, keyring).known) == 2 + number // 3


def test_a_switch_that_was_interrupted_at_its_end_hinders_no_later_step(
    keyring: Keyring, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    take_signing_step(folder, keyring, SigningStep.PREPARE, NOW)
    following = (folder / signing_files.NEXT_FILE).read_text()
    take_signing_step(folder, keyring, SigningStep.SWITCH, NOW)
    replace_private(folder / signing_files.NEXT_FILE, following)  # as it was right before its removal
    for step in (SigningStep.RETIRE, *SigningStep):
        assert load_signing(folder, keyring).next_step is step
        take_signing_step(folder, keyring, step, NOW)
    last = load_signing(folder, keyring)
    assert last.next_step is SigningStep.PREPARE
    assert (len(last.counts), len(last.known)) == (1, 3)
