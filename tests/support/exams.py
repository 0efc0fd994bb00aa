"""An exam, what is agreed with a candidate of it, and how both come to a site."""

from typing import Any, Final

from tests.support.exam_site import Site

EXAM: Final[dict[str, Any]] = {
    "exam_id": "EXAM-1",
    "title": "Computer Science 101",
    "metadata": {"room": "A7"},
    "policy": {"mismatch_checks": 6, "rules": {"FACE_MISMATCH": {"threshold": 0.8}}},
}
AGREED: Final = {
    "accommodation": {"muted": ["GAZE_OFF_SCREEN"], "relaxed": {"FACE_NOT_FOUND": {"hold_factor": 3}}},
    "extra_minutes": 30,
    "allow_unregistered": True,
}


async def made(site: Site, **changes: Any) -> dict[str, Any]:
    """`EXAM`, or one that differs from it, made; the answer."""
    answer = await site.post("/exams", EXAM | changes)
    assert answer.status_code == 201, answer.text
    exam: dict[str, Any] = answer.json()
    return exam


async def put(site: Site, path: str, body: Any, status: int = 200, **options: Any) -> Any:
    """The answer to a PUT under /api/v1, as an administrator unless `headers` say otherwise."""
    options.setdefault("headers", site.bearer())
    answer = await site.http.put(f"/api/v1{path}", json=body, **options)
    assert answer.status_code == status, answer.text
    return answer.json()
