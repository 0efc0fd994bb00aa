"""A file of rows, one call each: what is done once stays done, and what broke off goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.batches import EXISTS, Batch, Row, read_rows, results_beside, run
from cli.candidates_from import pictures_of
from shared.errors import ConfigError, Rejected, Unavailable

ROWS = [{"candidate_id": name} for name in ("CAND-1", "CAND-2", "CAND-3")]


class Server:
    """Knows what was done, and fails as told."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails: dict[str, list[Exception]] = {}

    def act(self, row: Row) -> Row:
        name = row["candidate_id"]
        if self.fails.get(name):
            raise self.fails[name].pop(0)
        if name in self.done:
            return {**row, "result": EXISTS}
        self.done.append(name)
        return {**row, "link": f"https://{name}", "result": "started"}

    @property
    def batch(self) -> Batch:
        return Batch("candidate_id", ("candidate_id", "link"), self.act)


def _refusal(retry_after_s: int | None = None) -> Rejected:
    return Rejected("not,\nnow", code="no", status=429 if retry_after_s else 409, retry_after_s=retry_after_s)


def test_a_second_run_does_nothing_twice_and_keeps_the_links_of_the_first(tmp_path: Path) -> None:
    server, results = Server(), tmp_path / "r.csv"
    run(ROWS[:2], server.batch, results)
    first = results.read_text()
    assert first == (
        "candidate_id,link,result,text\nCAND-1,https://CAND-1,started,\nCAND-2,https://CAND-2,started,\n"
    )
    assert results.stat().st_mode & 0o777 == 0o600
    run(ROWS, server.batch, results)
    assert results.read_text() == first + "CAND-3,https://CAND-3,started,\n"
    assert server.done == ["CAND-1", "CAND-2", "CAND-3"]


def test_a_row_that_is_there_twice_keeps_its_link(tmp_path: Path) -> None:
    server, results = Server(), tmp_path / "r.csv"
    run([ROWS[0], ROWS[0]], server.batch, results)
    assert results.read_text().splitlines()[1:] == ["CAND-1,https://CAND-1,started,"]


def test_a_run_that_breaks_off_keeps_what_was_done_and_goes_on_the_next_time(tmp_path: Path) -> None:
    server, results = Server(), tmp_path / "r.csv"
    server.fails = {"CAND-2": [Unavailable("gone")]}
    with pytest.raises(Unavailable):
        run(ROWS, server.batch, results)
    assert "https://CAND-1,started" in results.read_text()
    run(ROWS, server.batch, results)
    assert results.read_text().count(",started,") == 3


def test_a_row_refused_stops_no_other_and_is_tried_again_the_next_time(tmp_path: Path) -> None:
    server, results = Server(), tmp_path / "r.csv"
    server.fails = {"CAND-1": [_refusal()], "CAND-2": [ConfigError("no picture")]}
    with pytest.raises(typer.Exit) as left:
        run(ROWS, server.batch, results)
    assert left.value.exit_code == 1
    assert results.read_text().splitlines()[1:3] == [
        'CAND-1,,refused,"not, now"',
        "CAND-2,,refused,no picture",
    ]
    run(ROWS, server.batch, results)
    assert "refused" not in results.read_text()


def test_it_waits_as_asked_and_not_for_ever(tmp_path: Path) -> None:
    waited: list[float] = []
    server = Server()
    server.fails = {"CAND-1": [_refusal(7)], "CAND-2": [_refusal(3) for _ in range(9)]}
    with pytest.raises(typer.Exit):
        run(ROWS, replace(server.batch, pause=waited.append), tmp_path / "r.csv")
    assert (waited, server.done) == ([7, 3, 3, 3, 3], ["CAND-1", "CAND-3"])


@pytest.mark.parametrize(
    "text",
    ["candidate_id,exam_id\nA,X\nB,Y\n", "\ufeffcandidate_id; exam_id \r\nA; X\r\nB;Y\r\n"],
    ids=["plain", "of a spreadsheet"],
)
def test_a_file_of_rows_is_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(text.encode())
    assert read_rows(file, ("candidate_id", "exam_id")) == [
        {"candidate_id": "A", "exam_id": "X"},
        {"candidate_id": "B", "exam_id": "Y"},
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"candidate_id\nA\n", "line 2: no exam_id"),
        (b"candidate_id,exam_id\nA,X\n,X\n", "line 3: no candidate_id"),
        (b"candidate_id,exam_id\n", "has no rows"),
        (b"", "has no rows"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_is_wrong_is_refused_before_the_first_call(
    content: bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_rows(file, ("candidate_id", "exam_id"))


def test_pictures_come_from_a_folder_per_candidate_or_a_row_per_picture(tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    for name in ("CAND-1/a.jpg", "CAND-1/b.PNG", "CAND-1/notes.txt", "CAND-2/a.jpeg", "CAND-3/notes.txt"):
        (faces / name).parent.mkdir(parents=True, exist_ok=True)
        (faces / name).touch()
    found = pictures_of(faces, "EXAM-1")
    assert [(row["candidate_id"], len(row["pictures"].splitlines())) for row in found] == [
        ("CAND-1", 2),
        ("CAND-2", 1),
    ]
    table = tmp_path / "faces.csv"
    table.write_text("candidate_id,picture\nCAND-1,faces/CAND-1/a.jpg\nCAND-1,faces/CAND-1/b.PNG\n")
    assert pictures_of(table, "EXAM-1")[0]["pictures"].splitlines() == found[0]["pictures"].splitlines()
    with pytest.raises(ConfigError, match="--exam"):
        pictures_of(faces, "")


def test_the_results_stand_beside_the_source(tmp_path: Path) -> None:
    assert results_beside(tmp_path / "c.csv").name == "c.results.csv"
    assert results_beside(tmp_path / "faces").name == "faces.results.csv"
