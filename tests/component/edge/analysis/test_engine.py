"""The engine on a real loop with real threads: bounds, fairness, deadlines, stuck calls, cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import partial
from operator import floordiv
from typing import Any
from uuid import uuid4

import pytest

from edge.analysis.attempts import Attempts, noted_calls
from edge.analysis.engine import Engine
from edge.analysis.measured import Measured
from shared.errors import Unavailable
from shared.events.looks import Look
from tests.support.eventually import PATIENCE_S, until


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, PATIENCE_S))


class Gate:
    """A call that waits until it is let go, and says when it began."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.began.set()
        assert self.go.wait(20)
        return "done"


async def began(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.began.wait, 10)


def test_answers_and_errors_come_back_to_their_caller() -> None:
    async def main() -> None:
        async with Engine(2) as engine:
            assert await engine.run("faces", lambda: 7) == 7
            with pytest.raises(ZeroDivisionError):
                await engine.run("faces", lambda: 1 // 0)
            assert engine.counts.calls == {("faces", "done"): 1, ("faces", "failed"): 1}

    run(main())


@pytest.mark.parametrize("threads", [0, 1])
def test_a_call_that_failed_or_gave_no_number_is_told_with_the_kind_of_its_error(threads: int) -> None:
    async def main() -> None:
        measured, failed = list[Measured](), list[str]()
        async with Engine(threads, on_call=measured.append) as engine:
            attempts = Attempts(uuid4(), engine)
            assert await attempts.make(Look.FACES, lambda: 1 // 0, failed) is None
            assert await attempts.make(Look.HEAD, lambda: float("nan"), failed) is None
            assert await attempts.make(Look.HEAD, lambda: 1.0, failed) == 1.0
        assert failed == ["faces", "head"]
        assert [(call.task, call.outcome, call.error_type) for call in measured] == [
            ("faces", "failed", "ZeroDivisionError"),
            ("head", "failed", "Corrupt"),
            ("head", "done", ""),
        ]

    run(main())


def test_the_calls_for_one_picture_are_noted_apart_from_those_for_sound_at_the_same_time() -> None:
    async def looked(attempts: Attempts, *tasks: Look) -> list[tuple[str, bool]]:
        with noted_calls() as calls:
            for task in tasks:
                await attempts.make(task, partial(floordiv, 1, 0 if task is Look.HEAD else 1), [])
        assert all(call.begun_s <= call.ended_s for call in calls)
        return [(call.look, call.failed) for call in calls]

    async def main() -> None:
        async with Engine(2) as engine:
            attempts = Attempts(uuid4(), engine)
            picture, sound = await asyncio.gather(
                looked(attempts, Look.FACES, Look.HEAD, Look.HEAD), looked(attempts, Look.SPEECH)
            )
            assert picture == [("faces", False), ("head", True), ("head", True)]
            assert sound == [("speech", False)]
            # Outside of a picture nothing is kept.
            assert await attempts.make(Look.FACES, lambda: 1, []) == 1

    run(main())


def test_calls_run_off_the_loop_and_side_by_side_up_to_the_bound() -> None:
    async def main() -> None:
        gates = [Gate() for _ in range(3)]
        async with Engine(2) as engine:
            calls = [asyncio.ensure_future(engine.run("faces", gate)) for gate in gates]
            await began(gates[0])
            await began(gates[1])
            assert not gates[2].began.is_set()
            assert engine.depth("faces") == 1
            for gate in gates:
                gate.go.set()
            assert await asyncio.gather(*calls) == ["done"] * 3

    run(main())


def test_a_full_queue_gives_up_its_oldest_call_and_counts_it() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, queue_limit=2) as engine:
            busy = asyncio.ensure_future(engine.run("body", gate))
            await began(gate)
            calls = [asyncio.ensure_future(engine.run("faces", partial(int, n))) for n in range(4)]
            for _ in range(5):
                await asyncio.sleep(0)
            assert engine.depth("faces") == 2
            gate.go.set()
            await busy
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(answer) for answer in answers[:2]] == [Unavailable, Unavailable]
            assert answers[2:] == [2, 3]
            assert engine.counts.calls["faces", "overflow"] == 2

    run(main())


def test_one_busy_task_does_not_starve_another() -> None:
    async def main() -> None:
        gate, order = Gate(), list[str]()
        async with Engine(1) as engine:
            busy = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            calls = [
                asyncio.ensure_future(engine.run(task, partial(order.append, task)))
                for task in ("faces", "body", "faces")
            ]
            for _ in range(5):
                await asyncio.sleep(0)
            gate.go.set()
            await asyncio.gather(busy, *calls)
            assert order == ["faces", "body", "faces"]

    run(main())


def test_a_call_that_waited_too_long_says_nothing_about_now() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, max_wait_s=0.05) as engine:
            busy = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            late = asyncio.ensure_future(engine.run("faces", lambda: 1))
            await asyncio.sleep(0.1)
            gate.go.set()
            assert await busy == "done"
            with pytest.raises(Unavailable, match="stale"):
                await late

    run(main())


def test_a_stuck_call_is_told_and_the_pool_goes_on_without_its_thread() -> None:
    async def main() -> None:
        gate, restarted, measured = Gate(), list[str](), list[Measured]()

        def stuck(task: str) -> bool:
            restarted.append(task)
            return False

        async with Engine(1, max_run_s=0.1, on_call=measured.append, on_stuck=stuck) as engine:
            with pytest.raises(Unavailable, match="stuck"):
                await engine.run("body", gate)
            assert await engine.run("body", lambda: 5) == 5
            gate.go.set()
            assert restarted == ["body"]
            assert engine.counts.restarts == 1
            assert [call.outcome for call in measured] == ["stuck", "done"]

    run(main())


def test_a_task_that_gets_stuck_again_and_again_rests_and_leaves_the_others_their_place() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, max_run_s=0.05) as engine:
            assert not engine.rests("objects")
            for _ in range(2):
                with pytest.raises(Unavailable, match="stuck"):
                    await engine.run("objects", gate)
            assert (engine.rests("objects"), engine.rests("faces")) == (True, False)
            for _ in range(50):
                with pytest.raises(Unavailable, match="resting"):
                    await engine.run("objects", gate)
            assert await engine.run("faces", lambda: 5) == 5
            assert engine.counts.restarts == 2
            assert engine.counts.calls["objects", "resting"] == 50
            gate.go.set()

    run(main())


def test_a_task_whose_networks_are_opened_anew_does_not_rest() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, max_run_s=0.05, on_stuck=lambda _: True) as engine:
            for _ in range(4):
                with pytest.raises(Unavailable, match="stuck"):
                    await engine.run("objects", gate)
            assert not engine.rests("objects")
            gate.go.set()

    run(main())


def test_under_overload_each_session_has_its_turn() -> None:
    async def main() -> None:
        gate, order = Gate(), list[str]()
        async with Engine(1) as engine:
            busy = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            calls = [
                asyncio.ensure_future(engine.run("faces", partial(order.append, session), session=session))
                for session in ("greedy", "greedy", "greedy", "modest")
            ]
            for _ in range(5):
                await asyncio.sleep(0)
            gate.go.set()
            await asyncio.gather(busy, *calls)
            assert order.index("modest") < 2

    run(main())


def test_a_call_may_be_given_longer_than_others() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, max_wait_s=0.05) as engine:
            busy = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            asked = asyncio.ensure_future(engine.run("enrollment", lambda: 1, max_wait_s=60.0))
            await asyncio.sleep(0.1)
            gate.go.set()
            assert (await busy, await asked) == ("done", 1)

    run(main())


def test_a_task_that_answers_after_its_rest_is_well_again() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1, max_run_s=0.05) as engine:
            for _ in range(2):
                with pytest.raises(Unavailable, match="stuck"):
                    await engine.run("objects", gate)
            await until(lambda: not engine.rests("objects"), "the rest is over")
            assert await engine.run("objects", lambda: 5) == 5
            # Stuck once more is stuck for the first time.
            with pytest.raises(Unavailable, match="stuck"):
                await engine.run("objects", gate)
            assert not engine.rests("objects")
            gate.go.set()

    run(main())


def test_a_caller_that_goes_away_takes_its_waiting_call_along() -> None:
    async def main() -> None:
        gate, ran = Gate(), list[int]()
        async with Engine(1) as engine:
            busy = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            gone = asyncio.ensure_future(engine.run("faces", lambda: ran.append(1)))
            await asyncio.sleep(0)
            gone.cancel()
            gate.go.set()
            await busy
            with pytest.raises(asyncio.CancelledError):
                await gone
            assert await engine.run("faces", lambda: 2) == 2
            assert ran == []
            assert engine.counts.calls["faces", "cancelled"] == 1

    run(main())


def test_a_caller_that_goes_away_while_its_call_runs_disturbs_nobody() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1) as engine:
            gone = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            gate.go.set()
            assert await engine.run("faces", lambda: 2) == 2

    run(main())


def test_closing_tells_everybody_who_still_waits() -> None:
    async def main() -> None:
        gate = Gate()
        async with Engine(1) as engine:
            running = asyncio.ensure_future(engine.run("faces", gate))
            await began(gate)
            waiting = asyncio.ensure_future(engine.run("faces", lambda: 1))
            await asyncio.sleep(0)
        for call in (running, waiting):
            with pytest.raises(Unavailable, match="cancelled"):
                await call
        with pytest.raises(Unavailable, match="closed"):
            await engine.run("faces", lambda: 1)
        gate.go.set()

    run(main())


def test_an_engine_without_threads_calls_at_once_and_counts_the_same() -> None:
    async def main() -> None:
        measured: list[Measured] = []
        async with Engine(0, on_call=measured.append) as engine:
            assert await engine.run("faces", threading.get_ident) == threading.get_ident()
            with pytest.raises(ZeroDivisionError):
                await engine.run("faces", lambda: 1 // 0)
            assert engine.counts.calls == {("faces", "done"): 1, ("faces", "failed"): 1}
        assert [each.outcome for each in measured] == ["done", "failed"]
        with pytest.raises(Unavailable):
            await engine.run("faces", lambda: 7)

    run(main())
