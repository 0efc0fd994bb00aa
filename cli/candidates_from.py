"""Sessions and enrollments for the candidates of a file or a folder."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

from cli.batches import EXISTS, Batch, Row, read_rows
from cli.calls import checked
from cli.client import Client
from shared.api.enrollments import EnrollImage, EnrollRequest
from shared.api.exams import Acknowledged
from shared.api.sessions import SessionStartRequest
from shared.errors import ConfigError, Rejected

MAX_PICTURE_BYTES: Final = 4 * 1_048_576
"""The limit of one picture in the API."""
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})


def sessions_of(source: Path) -> list[Row]:
    """The rows of a CSV file of candidates. Without an exam_session_id, exam and candidate name the session,
    so that a next run finds it. Raises `ConfigError`."""
    rows = read_rows(source, ("candidate_id", "exam_id"))
    for row in rows:
        row["exam_session_id"] = row.get("exam_session_id") or f"{row['exam_id']}:{row['candidate_id']}"
    return rows


def starting(client: Client, said: Acknowledged | None, *, force: bool) -> Batch:
    """Start a session per row."""

    def start(row: Row) -> Row:
        session = row["exam_session_id"]
        try:
            request = checked(
                SessionStartRequest,
                candidate_id=row["candidate_id"],
                exam_id=row["exam_id"],
                exam_session_id=session,
                allow_unregistered=force,
                acknowledged=said,
            )
            answer = client.sessions.start(request)
        except Rejected as refusal:
            if refusal.code != "session-exists":
                raise
            found = client.sessions.one(session)
            if (found.candidate_id, found.exam_id) != (row["candidate_id"], row["exam_id"]):
                raise
            advice = f"{found.status}; `proctorctl sessions link {session}` makes another link"
            return {**row, "result": EXISTS, "text": advice}
        expires = answer.join_url_expires_at.isoformat()
        return {**row, "join_url": answer.join_url, "join_url_expires_at": expires, "result": "started"}

    return Batch(
        "exam_session_id",
        ("candidate_id", "exam_id", "exam_session_id", "join_url", "join_url_expires_at"),
        start,
    )


def pictures_of(source: Path, exam: str) -> list[Row]:
    """One row per candidate with `pictures`, its files one a line: from a folder with one of pictures for
    each, or from a CSV file with a row per picture. Raises `ConfigError`."""
    if not source.is_dir():
        candidates: dict[str, Row] = {}
        for row in read_rows(source, ("candidate_id", "exam_id", "picture"), exam):
            kept = candidates.setdefault(row["candidate_id"], {**row, "pictures": ""})
            kept["pictures"] += f"{source.parent / row['picture']}\n"
        return list(candidates.values())
    if not exam:
        raise ConfigError("a folder of pictures needs --exam")
    folders = sorted(path for path in source.iterdir() if path.is_dir())
    rows = [
        {"candidate_id": each.name, "exam_id": exam, "pictures": "\n".join(map(str, found))}
        for each in folders
        if (found := sorted(path for path in each.iterdir() if path.suffix.lower() in PICTURES))
    ]
    if not rows:
        raise ConfigError(f"{source} has no folder of JPEG or PNG files; each is named as its candidate_id")
    return rows


def enrolling(client: Client, said: Acknowledged | None) -> Batch:
    """Enroll each candidate who has no enrollment in force."""

    def enroll(row: Row) -> Row:
        try:
            if not client.enrollments.one(row["candidate_id"]).expired:
                return {**row, "result": EXISTS}
        except Rejected as refusal:
            if refusal.status != 404:
                raise
        images: list[EnrollImage] = [image_of(Path(name)) for name in row["pictures"].splitlines()]
        request = checked(
            EnrollRequest,
            candidate_id=row["candidate_id"],
            exam_id=row["exam_id"],
            images=images,
            acknowledged=said,
        )
        answer = client.enrollments.add(request)
        done = "pending" if answer.state == "pending" else "enrolled"
        accepted = f"{len(answer.embeddings)} pictures, {answer.status}"
        return {**row, "enrollment_id": answer.enrollment_id or "", "result": done, "text": accepted}

    return Batch("candidate_id", ("candidate_id", "exam_id", "enrollment_id"), enroll)


def image_of(path: Path) -> EnrollImage:
    """A picture file as the API accepts it. Raises `ConfigError` if it is empty or too large."""
    return EnrollImage(image_base64=_base64(path))


def _base64(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the picture {path} cannot be read: {error.strerror}") from error
    if not content or len(content) > MAX_PICTURE_BYTES:
        raise ConfigError(f"the picture {path} is empty or larger than {MAX_PICTURE_BYTES} bytes")
    return base64.b64encode(content).decode("ascii")
