"""Whole ids for what a person typed: the coordinator says which one begins so.

The exact name of a session counts first, because names are the institution's own and one may begin another.
Ids of incidents and nodes are ours, and may be typed in capitals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from cli.calls import Calls, path_of
from cli.short_ids import SHOWN, is_whole, the_one
from shared.errors import Rejected

if TYPE_CHECKING:
    from shared.api.sessions import SessionListed

B = TypeVar("B", bound=BaseModel)


class WholeIds:
    """Completes ids, over a client's connection. What is ambiguous or unknown raises `Rejected`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def incident(self, text: str) -> str:
        if is_whole(text := text.lower()):
            return text
        from shared.api.incidents import IncidentPage

        found = self._calls.pages(path_of("incidents"), IncidentPage, SHOWN + 1, {"begins_with": text})
        return the_one(text, "incident", [one.incident_id for one in found])

    def node(self, text: str) -> str:
        if is_whole(text := text.lower()):
            return text
        from shared.api.nodes import NodeOut

        found = self._calls.rows(path_of("nodes"), NodeOut)
        return the_one(text, "node", [one.node_id for one in found])

    def session(self, text: str) -> str:
        from shared.api.sessions import SessionOut

        try:
            return self._calls.one("GET", path_of("session", text), SessionOut).session_id
        except Rejected as refusal:
            return self._begun(text, refusal)

    def of_session(
        self,
        method: str,
        session_id: str,
        rest: tuple[str, ...],
        answer: type[B],
        body: BaseModel | None = None,
    ) -> B:
        """The answer to a request about a session: a path of the API below it. The beginning of its id is
        looked for only if no session has exactly this name."""
        try:
            return self._calls.one(method, path_of("session", session_id, *rest), answer, body=body)
        except Rejected as refusal:
            whole = self._begun(session_id, refusal)
        return self._calls.one(method, path_of("session", whole, *rest), answer, body=body)

    def _begun(self, text: str, refusal: Rejected) -> str:
        if refusal.code != "session-unknown":
            raise refusal
        from shared.api.sessions import SessionPage

        found: list[SessionListed] = self._calls.pages(
            path_of("sessions"), SessionPage, SHOWN + 1, {"begins_with": text}
        )
        begun = [one.session_id for one in found if one.session_id.startswith(text)]
        if not begun:
            raise refusal
        return the_one(text, "session", begun)


def require_whole(typed: str, whole: str, *, yes: bool) -> None:
    """Raises `Rejected` if an act that cannot be undone would go on unasked by the beginning of an id."""
    if yes and typed != whole:
        raise Rejected(
            f"{typed} begins {whole}; with --yes write the whole id", code="id-not-whole", status=422
        )
