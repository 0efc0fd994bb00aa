"""Fetching against real folders, a real HTTP server and a real full disk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.fetch import FetchState, Request, fetch_networks
from models.manifest import Mirror, Profile, Url
from models.tasks import Task
from shared.errors import ConfigError, Corrupt, Unavailable
from tests.support.entries import WEIGHTS, make_entry
from tests.support.fetching import entry_from, leftovers, mirror, only, run, store_of
from tests.support.file_server import FileServer, serving_files

__all__ = ["mirror"]

OLD = b"the weights of yesterday"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving_files() as served:
        served.files["net.onnx"] = WEIGHTS
        yield served


def closed_port() -> int:
    """A port of the loopback interface where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


def test_a_mirror_folder_gives_the_file_and_a_second_run_leaves_it_alone(
    tmp_path: Path, mirror: Path
) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    assert only(run(store, mirror=mirror)).state is FetchState.FETCHED
    path = store.path(store.manifest.entry("net"))
    assert path.read_bytes() == WEIGHTS
    before = path.stat()
    assert only(run(store, mirror=mirror)).state is FetchState.PRESENT
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_a_wrong_hash_names_the_file_and_keeps_the_old_one(tmp_path: Path, mirror: Path) -> None:
    (mirror / "net.onnx").write_bytes(WEIGHTS[:-1] + b"?")
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    path = store.path(store.manifest.entry("net"))
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD)
    report = run(store, mirror=mirror)
    (problem,) = only(report).problems
    assert isinstance(problem, Corrupt)
    assert str(mirror / "net.onnx") in str(problem)
    assert "SHA-256" in str(problem)
    assert not report.succeeded
    assert path.read_bytes() == OLD
    assert leftovers(store) == []


def test_a_truncated_mirror_file_is_refused(tmp_path: Path, mirror: Path) -> None:
    (mirror / "net.onnx").write_bytes(WEIGHTS[:100])
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    report = run(store, mirror=mirror)
    assert "100 bytes" in str(only(report).problems[0])
    assert report.lacking == (Task.OBJECTS,)
    assert not store.root.joinpath("net").exists()


def test_wrong_bytes_are_reported_though_the_next_source_is_right(
    tmp_path: Path, mirror: Path, server: FileServer
) -> None:
    (mirror / "net.onnx").write_bytes(b"wrong")
    store = store_of(tmp_path, entry_from(Mirror("net.onnx"), Url(server.address("net.onnx"))))
    report = run(store, mirror=mirror)
    assert only(report).state is FetchState.FETCHED
    assert only(report).corrupt
    assert not report.succeeded


def test_a_mirror_folder_that_does_not_exist_is_a_configuration_error(tmp_path: Path) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    with pytest.raises(ConfigError, match="PROCTOR_WEIGHTS_MIRROR"):
        run(store, mirror=tmp_path / "nowhere")


@pytest.mark.parametrize("mirror", ["http://", "http://a:b:c/", "https://[half", "http://host:99999/"])
def test_a_mirror_address_that_is_none_is_a_configuration_error(tmp_path: Path, mirror: str) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    with pytest.raises(ConfigError, match="PROCTOR_WEIGHTS_MIRROR"):
        run(store, mirror=mirror)


def test_a_mirror_may_be_an_address(tmp_path: Path, server: FileServer) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    assert run(store, mirror=server.url + "/").succeeded


def test_a_mirror_address_where_nobody_answers_ends_the_run_at_once(
    tmp_path: Path, server: FileServer
) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx"), Url(server.address("net.onnx"))))
    with pytest.raises(Unavailable, match="cannot be reached"):
        run(store, mirror=f"http://127.0.0.1:{closed_port()}")
    assert server.asked == []
    assert not store.root.joinpath("net").exists()


def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path: Path, server: FileServer) -> None:
    server.cut = [1000, 2000]
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    assert run(store).succeeded
    assert [wish for _, wish in server.asked] == ["", "bytes=1000-", "bytes=3000-"]
    assert store.path(store.manifest.entry("net")).read_bytes() == WEIGHTS


def test_a_download_that_keeps_breaking_off_is_continued_by_the_next_run(
    tmp_path: Path, server: FileServer
) -> None:
    server.cut = [100] * 4
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    report = run(store)
    assert "400 bytes are kept" in str(only(report).problems[0])
    assert not store.path(store.manifest.entry("net")).exists()
    assert run(store).succeeded
    assert server.asked[-1] == ("net.onnx", "bytes=400-")
    assert leftovers(store) == []


def test_a_server_without_ranges_is_read_again_from_the_start(tmp_path: Path, server: FileServer) -> None:
    server.ranges, server.cut = False, [5000]
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    assert run(store).succeeded
    assert store.path(store.manifest.entry("net")).read_bytes() == WEIGHTS


def test_a_body_that_ends_early_without_a_length_is_noticed_by_its_hash(
    tmp_path: Path, server: FileServer
) -> None:
    server.files["net.onnx"] = WEIGHTS[:500]
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx")), sized=False))
    (problem,) = only(run(store)).problems
    assert isinstance(problem, Corrupt)
    assert leftovers(store) == []


def test_what_an_earlier_run_left_of_other_bytes_is_thrown_away(tmp_path: Path, server: FileServer) -> None:
    server.cut = [100] * 4
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    run(store)
    (part,) = store.root.rglob("*.part")
    part.write_bytes(b"?" * 100)
    assert run(store).succeeded


def test_more_bytes_than_the_manifest_allows_are_refused(tmp_path: Path, server: FileServer) -> None:
    server.files["net.onnx"] = WEIGHTS * 50
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    (problem,) = only(run(store)).problems
    assert isinstance(problem, Corrupt)
    assert "larger than" in str(problem)
    assert leftovers(store) == []


def test_a_refused_connection_is_said_and_the_next_candidate_serves(
    tmp_path: Path, server: FileServer
) -> None:
    best = entry_from(Url(f"http://127.0.0.1:{closed_port()}/net.onnx"), name="best")
    store = store_of(tmp_path, best, entry_from(Url(server.address("net.onnx")), name="second"))
    report = run(store)
    assert [outcome.state for outcome in report.outcomes] == [FetchState.FAILED, FetchState.FETCHED]
    assert "cannot be reached" in str(report.outcomes[0].problems[0])
    assert report.succeeded
    assert store.serving(Task.OBJECTS, Profile.OPEN).name == "second"


def test_a_host_found_dead_is_not_tried_for_every_file(tmp_path: Path, server: FileServer) -> None:
    # A plain server spoken to in TLS: the connection is made and fails, and the server can count it.
    dead = server.url.replace("http://", "https://")
    entries = [entry_from(Url(f"{dead}/{n}"), name=f"n{n}") for n in range(5)]
    report = run(store_of(tmp_path, *entries))
    assert all(outcome.state is FetchState.FAILED for outcome in report.outcomes)
    assert server.connections == 1


def test_a_missing_page_is_said(tmp_path: Path, server: FileServer) -> None:
    store = store_of(tmp_path, entry_from(Url(server.address("gone.onnx"))))
    report = run(store)
    assert "404" in str(only(report).problems[0])
    assert report.lacking == (Task.OBJECTS,)


def test_a_served_task_does_not_try_public_addresses_again_unless_named(
    tmp_path: Path, mirror: Path, server: FileServer
) -> None:
    best = entry_from(Url(server.address("late.onnx")), name="best")
    store = store_of(tmp_path, best, entry_from(Mirror("net.onnx"), name="second"))
    assert run(store, mirror=mirror).succeeded
    server.asked.clear()
    assert [outcome.state for outcome in run(store, mirror=mirror).outcomes] == [
        FetchState.LEFT,
        FetchState.PRESENT,
    ]
    assert server.asked == []
    server.files["late.onnx"] = WEIGHTS
    assert run(store, names=("best",)).succeeded
    assert store.serving(Task.OBJECTS, Profile.OPEN) is best


def test_only_the_best_that_can_be_had_is_fetched_unless_everything_is_wanted(
    tmp_path: Path, mirror: Path
) -> None:
    first, second = (
        entry_from(Mirror("net.onnx"), name="first"),
        entry_from(Mirror("net.onnx"), name="second"),
    )
    store = store_of(tmp_path, first, second)
    assert [o.state for o in run(store, mirror=mirror).outcomes] == [FetchState.FETCHED, FetchState.LEFT]
    assert [o.state for o in run(store, mirror=mirror, everything=True).outcomes] == [
        FetchState.PRESENT,
        FetchState.FETCHED,
    ]


def test_a_research_network_is_refused_by_name_under_the_open_profile(tmp_path: Path, mirror: Path) -> None:
    entry = make_entry("net", profile=Profile.RESEARCH)
    store = store_of(tmp_path, entry)
    with pytest.raises(ConfigError, match="profile open"):
        run(store, mirror=mirror, names=("net",))
    assert run(store, mirror=mirror, names=("net",), profile=Profile.RESEARCH).succeeded


def test_a_damaged_file_is_fetched_again(tmp_path: Path, mirror: Path) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    run(store, mirror=mirror)
    path = store.path(store.manifest.entry("net"))
    path.write_bytes(OLD)
    assert only(run(store, mirror=mirror)).state is FetchState.FETCHED
    assert path.read_bytes() == WEIGHTS


def test_two_runs_at_once_fetch_each_file_once(tmp_path: Path, server: FileServer) -> None:
    store = store_of(tmp_path, entry_from(Url(server.address("net.onnx"))))
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: run(store), range(4)))
    assert all(report.succeeded for report in reports)
    assert len(server.asked) == 1


def test_a_network_that_shares_files_makes_them_come(tmp_path: Path, mirror: Path) -> None:
    owner = make_entry("net", task=Task.FACE_MESH)
    store = store_of(tmp_path, owner, make_entry("sharing", task=Task.OBJECTS, weights_of="net"))
    assert run(store, mirror=mirror).succeeded
    assert store.serving(Task.OBJECTS, Profile.OPEN).name == "sharing"


def test_a_welcome_task_is_fetched_where_it_can_be_had(tmp_path: Path, mirror: Path) -> None:
    store = store_of(tmp_path, entry_from(Mirror("net.onnx")))
    report = fetch_networks(store, Request(tasks=(), welcome=(Task.OBJECTS,)), mirror=str(mirror))
    assert only(report).state is FetchState.FETCHED
    assert (report.succeeded, report.forgone) == (True, ())


def test_a_welcome_task_that_cannot_be_had_is_forgone_and_an_asked_one_is_lacking(tmp_path: Path) -> None:
    store = store_of(tmp_path, entry_from(Url(f"http://127.0.0.1:{closed_port()}/net.onnx")))
    welcome = fetch_networks(store, Request(tasks=(), welcome=(Task.OBJECTS,)))
    assert (welcome.succeeded, welcome.lacking, welcome.forgone) == (True, (), ("objects",))
    asked = run(store)
    assert (asked.succeeded, asked.lacking, asked.forgone) == (False, ("objects",), ())
