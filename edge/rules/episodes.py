"""One session's events whose condition must last, each with its own debounce."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from edge.rules.episode import Episode, EpisodeState
from edge.rules.findings import Finding, Judgement
from edge.rules.settings import Settings
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.observations import Observation

SLOW_SIGNAL_S = 15.0
"""Allowed gap of conditions that are judged only every few seconds; `max_gap_s` is too short for them."""
SLOW = frozenset(event for event, row in EVENTS.items() if row.slow)


class Episodes:
    """The episodes of the enabled events; others are ignored."""

    __slots__ = ("_episodes",)

    def __init__(
        self, events: Iterable[EventType], settings: Settings, states: Mapping[EventType, EpisodeState]
    ) -> None:
        """Continues from `states`, made by `begun`. Raises ValueError for states of other events."""
        wanted = [event for event in events if event in settings.rules]
        if states.keys() != set(wanted):
            raise ValueError("the snapshot has episodes of other rules")
        slow_s = max(settings.max_gap_s, SLOW_SIGNAL_S)
        self._episodes = {
            event: Episode(
                event, settings.rules[event], slow_s if event in SLOW else settings.max_gap_s, states[event]
            )
            for event in wanted
        }

    @staticmethod
    def begun(events: Iterable[EventType], settings: Settings) -> dict[EventType, EpisodeState]:
        """The initial states of the enabled events."""
        return {event: EpisodeState() for event in events if event in settings.rules}

    def __contains__(self, event: EventType) -> bool:
        return event in self._episodes

    def raised(self, event: EventType) -> bool:
        """Whether the event is raised and not yet over."""
        episode = self._episodes.get(event)
        return episode is not None and episode.raised

    def onset_s(self, event: EventType) -> float | None:
        """When the pending or raised event began; None while it is neither."""
        episode = self._episodes.get(event)
        return None if episode is None else episode.onset_s

    def span(self, event: EventType, at: float) -> tuple[float, float] | None:
        """Start and end of a raised event's condition; None while not raised."""
        episode = self._episodes.get(event)
        return None if episode is None else episode.span(at)

    def note(
        self,
        findings: list[Finding],
        event: EventType,
        observation: Observation,
        judgement: Judgement,
        beside: EventType | None = None,
    ) -> None:
        """Add an observation's judgement of one event; a change is appended to `findings`."""
        if judgement.value is None:
            return
        episode = self._episodes.get(event)
        finding = episode.see(observation, judgement, beside) if episode is not None else None
        if finding is not None:
            findings.append(finding)

    def join(self, event: EventType, other: EventType) -> None:
        """Set the event that holds at the same time as a raised one."""
        episode = self._episodes.get(event)
        if episode is not None:
            episode.join(other)

    def holding(self) -> dict[EventType, float]:
        """The pending and raised events, each with its onset."""
        return {
            event: episode.onset_s for event, episode in self._episodes.items() if episode.onset_s is not None
        }

    def finish(self) -> list[Finding]:
        """End every raised event at the end of the session."""
        ends = [episode.finish() for episode in self._episodes.values()]
        return [finding for finding in ends if finding is not None]

    def forget(self, events: Collection[EventType], at: float) -> None:
        """End these events at `at`, untold."""
        for event in self._episodes.keys() & events:
            self._episodes[event].forget(at)

    def pause(self, until_s: float) -> None:
        """Do not count the time until `until_s` as waiting."""
        for episode in self._episodes.values():
            episode.pause(until_s)
