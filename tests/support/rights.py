"""The table of rights (`tests/data/rights.txt`): who gets what answer at every operation of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.tokens import Role
from tests.support.exam_site import Site

TABLE: Final = Path(__file__).parents[1] / "data" / "rights.txt"
OWN_CANDIDATE: Final = "CAND-SESS-1"
OTHER_CANDIDATE: Final = "CAND-SESS-2"
_ROLES: Final = ("proctor", "system", "admin", "dpo")
STRANGE_CANDIDATE: Final = "CAND-OF-THEIRS"
SESSION_ASKERS: Final = ("sitting", "strayed", "ended", "terminated")
"""Tokens of sessions of the candidate concerned: the session concerned, another one that runs, one that was
handed in, and one that a proctor has terminated."""
ASKERS: Final = (
    "nobody",
    "itself",
    "another",
    *_ROLES,
    "operator",
    *(f"s-{role}" for role in ("candidate", *_ROLES, "sitting")),
    *SESSION_ASKERS,
)
"""The table's columns: no token; the candidate concerned; another one of the institution; staff; who operates
the installation; the same of another institution, its candidate under the very name of ours, and a session
that runs there; and sessions of the candidate concerned."""
ANSWERS: Final = frozenset({"yes", "apart", "401", "403", "404"})


@dataclass(frozen=True, slots=True)
class Right:
    """One cell: what this asker is answered at this operation."""

    operation: str
    asker: str
    answer: str


def read_table() -> list[Right]:
    """Every cell of the table, in its order. Raises `ValueError` where it is not one."""
    rights = []
    for line in TABLE.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        operation, *answers = line.split()
        if len(answers) != len(ASKERS) or not set(answers) <= ANSWERS:
            raise ValueError(f"{TABLE.name}: not one answer for each of {len(ASKERS)} askers: {line}")
        rights += [Right(operation, *cell) for cell in zip(ASKERS, answers, strict=True)]
    return rights


def headers(
    site: Site, asker: str, operation: str, sessions: Mapping[str, UUID], strangers: UUID
) -> dict[str, str]:
    """What the asker sends to say who it is; `sessions` are the candidates' by asker, `strangers` is another
    institution.

    Staff are other persons at each operation: who may decide an appeal is a question of what they did before.
    """
    if asker == "nobody":
        return {}
    if asker in ("itself", "another"):
        name = OWN_CANDIDATE if asker == "itself" else OTHER_CANDIDATE
        return site.bearer(Role.CANDIDATE, name)
    if asker in SESSION_ASKERS:
        return site.bearer(Role.CANDIDATE, OWN_CANDIDATE, session_id=sessions[asker])
    if asker == "s-sitting":
        session_id = sessions[asker]
        return site.bearer(Role.CANDIDATE, STRANGE_CANDIDATE, session_id=session_id, tenant_id=strangers)
    strange = asker.startswith("s-")
    role = Role(asker.removeprefix("s-"))
    subject = OWN_CANDIDATE if role is Role.CANDIDATE else f"{role}.{operation}"
    return site.bearer(role, subject, **({"tenant_id": strangers} if strange else {}))
