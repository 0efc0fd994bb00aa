from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.media.frames import VideoFrame
from edge.media.outgoing import sendable_video
from edge.media.recording import open_recording
from edge.media.simulate import Simulation, Streamed, stream_recording
from edge.media.writer import write_recording
from shared.errors import Rejected, Unavailable
from tests.support.eventually import PATIENCE_S, undisturbed
from tests.support.signaling import TOKEN, Served, served

pytestmark = pytest.mark.realtime

FPS = 10


def moving(count: int) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    ramp = np.tile(np.linspace(30, 220, 320, dtype=np.uint8), (240, 1))
    for number in range(count):
        yield np.repeat(np.roll(ramp, 9 * number, axis=1)[:, :, None], 3, axis=2)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * 48_000) / 48_000).astype(np.float32)
    write_recording(path, moving(30), tone, frames_per_s=FPS, samples_per_s=48_000)
    return path


async def received(node: Served) -> list[VideoFrame]:
    frames = []
    while (frame := await node.room.seat.peer.video.get()) is not None:
        frames.append(frame)
    return frames


async def stream(node: Served, film: Path, **changes: Any) -> tuple[Streamed, list[VideoFrame]]:
    receiving = asyncio.create_task(received(node))
    streamed = await stream_recording(Simulation(film, node.signaling_url, TOKEN), **changes)
    return streamed, await receiving


def test_a_recording_arrives_as_the_pictures_that_a_reader_of_the_file_sees(film: Path) -> None:
    async def scene() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            streamed, frames = await stream(node, film)
            await node.room.seat.hung_up.wait()
        assert not streamed.ended_by_node
        assert 2.8 < streamed.duration_s < 6
        read = [item for item in open_recording(film).media() if isinstance(item, VideoFrame)]
        assert len(frames) >= 20
        for frame in frames:
            # The first frame received is the file's first: both count from 1, and nothing is lost on the way.
            assert np.array_equal(frame.to_bgr(), read[frame.frame_id - 1].to_bgr())
            assert frame.at_s - frames[0].at_s == pytest.approx(read[frame.frame_id - 1].at_s, abs=0.1)

    asyncio.run(scene())


def test_a_recording_that_cannot_be_sent_as_it_is_is_encoded_again(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    write_gif(path)
    assert sendable_video(path) is None

    async def scene() -> list[VideoFrame]:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            return (await stream(node, path))[1]

    frames = asyncio.run(scene())
    assert len(frames) >= 8
    first = next(item for item in open_recording(path).media() if isinstance(item, VideoFrame))
    assert frames[0].to_bgr().mean() == pytest.approx(first.to_bgr().mean(), abs=4)


def test_it_stops_when_told(film: Path) -> None:
    async def scene() -> Streamed:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(1.5, stop.set)
            return (await stream(node, film, stop=stop))[0]

    def stops() -> None:
        assert asyncio.run(scene()).duration_s < 2.5

    undisturbed(stops)


def test_it_tells_when_the_node_ends_the_session_and_what_the_node_said(film: Path) -> None:
    async def scene() -> Streamed:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            await node.room.seat.page.put({"type": "notice", "message": "hello"})
            asyncio.get_running_loop().call_later(1.5, node.room.seat.page.put_nowait, None)
            streamed = await stream_recording(Simulation(film, node.signaling_url, TOKEN))
            return streamed

    def ends() -> None:
        streamed = asyncio.run(scene())
        assert (streamed.ended_by_node, streamed.broken_off) == (True, False)
        assert streamed.duration_s < 2.5

    undisturbed(ends)


def test_a_node_that_dies_is_told_apart_from_one_that_ends_the_session_also_by_the_exit_code(
    film: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    command = (sys.executable, "-c", "from edge.main import main; main()", "simulate-candidate", str(film))

    async def scene() -> tuple[int | None, bytes, bytes]:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            options = ("--signaling-url", node.signaling_url, "--token-file", str(token))
            program = await asyncio.create_subprocess_exec(
                *command, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            assert program.stdout is not None
            began = await program.stdout.readline()
            node.die()
            said, wrong = await program.communicate()
            return program.returncode, began + said, wrong

    code, said, wrong = asyncio.run(scene())
    assert code == 1
    assert json.loads(said.splitlines()[-1])["by_node"] is True
    assert wrong == b"error: the connection to the node broke off before the end of the recording\n"


def test_a_refusal_and_an_absent_node_are_told_apart(film: Path) -> None:
    async def scene() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            with pytest.raises(Rejected) as refused:
                await stream_recording(Simulation(film, node.signaling_url, "wrong"))
            assert refused.value.status == 401
            stranger = Simulation(film, node.signaling_url, TOKEN, origin="https://elsewhere.example.org")
            with pytest.raises(Rejected) as elsewhere:
                await stream_recording(stranger)
            assert elsewhere.value.status == 403
        with pytest.raises(Unavailable, match="no node"):
            await stream_recording(Simulation(film, node.signaling_url, TOKEN))

    asyncio.run(scene())


def write_gif(path: Path) -> None:
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        output: Any = container.add_stream("gif", rate=FPS)
        output.width, output.height, output.pix_fmt = 160, 120, "rgb8"
        for number, pixels in enumerate(moving(15)):
            frame = av.VideoFrame.from_ndarray(pixels[:120, :160].copy(), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(output.encode(frame.reformat(format="rgb8")))
        container.mux(output.encode(None))


def test_a_candidate_behind_a_bad_network_is_simulated_by_a_program_of_its_own(film: Path) -> None:
    async def scene() -> list[VideoFrame]:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            receiving = asyncio.create_task(received(node))
            command = [sys.executable, "-m", "tests.support.lossy_candidate", str(film), node.signaling_url]
            program = await asyncio.create_subprocess_exec(
                *command,
                *("--loss", "0.05", "--delay-ms", "20"),
                env=os.environ | {"SESSION_TOKEN": TOKEN},
                cwd=Path(__file__).parents[4],
            )
            assert await program.wait() == 0
            await node.room.seat.peer.close()
            return await receiving

    frames = asyncio.run(scene())
    assert len(frames) >= 15
    assert [frame.frame_id for frame in frames] == sorted({frame.frame_id for frame in frames})
