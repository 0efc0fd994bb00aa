from __future__ import annotations

import asyncio
import gc
import random
import socket
import threading
import time
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import numpy as np
import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from edge.media import peer as peer_module
from edge.media.candidates import MOST
from edge.media.clock import SessionClock
from edge.media.frames import SAMPLE_RATE_HZ, WINDOW_S
from edge.media.peer import Peer, PeerSettings
from edge.media.ring import FrameGone
from shared.errors import Rejected, Unavailable
from shared.events.looks import Sense
from tests.support.candidates import Call, Picture, Tone, call, offer_of, with_rsa
from tests.support.eventually import PATIENCE_S, own_seconds, undisturbed, until
from tests.support.impairment import Impairment
from tests.support.thorough import rounds

pytestmark = pytest.mark.realtime


def test_the_first_picture_comes_within_two_seconds_without_any_ice_server() -> None:
    async def scene() -> None:
        async with own_seconds() as passed, asyncio.timeout(PATIENCE_S), call(Picture(), Tone()) as connected:
            assert await connected.peer.video.get() is not None
            assert passed() < 2.0

    asyncio.run(scene())


def test_a_peer_with_an_rsa_certificate_connects_because_the_node_waits_for_the_handshake() -> None:
    async def scene() -> None:
        candidate = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        candidate.addTrack(Picture())
        with_rsa(candidate)
        await candidate.setLocalDescription(await candidate.createOffer())
        peer = Peer(PeerSettings())
        try:
            await connect(candidate, peer)
            async with asyncio.timeout(PATIENCE_S):
                assert await peer.video.get() is not None
        finally:
            await candidate.close()
            await peer.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "passive"), ("active", "passive"), ("passive", "active")]
)
def test_the_answer_begins_the_handshake_only_when_the_offer_waits(offered: str, answered: str) -> None:
    async def scene() -> str:
        candidate = await offer_of(Picture(), Tone())
        peer = Peer(PeerSettings())
        try:
            return await peer.answer(candidate.localDescription.sdp.replace("actpass", offered))
        finally:
            await candidate.close()
            await peer.close()

    answer = asyncio.run(scene())
    assert answer.count("a=setup:") == answer.count(f"a=setup:{answered}\r\n") == 2


FORBIDDEN = (
    "127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "255.255.255.255", "224.0.0.251", "0.0.0.0",
    "a1b2.local",
)  # fmt: skip


def _line(host: str, port: int) -> str:
    return f"candidate:1 1 udp 2130706431 {host} {port} typ host"


def test_candidates_that_point_elsewhere_are_counted_and_get_no_datagram() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
            victim.bind(("127.0.0.1", 0))
            victim.setblocking(False)
            port = victim.getsockname()[1]
            lines = "".join(f"a={_line(host, port)}\r\n" for host in FORBIDDEN)
            offer = candidate.localDescription.sdp.replace("a=end-of-candidates\r\n", "")
            peer = Peer(PeerSettings())
            try:
                answer = await peer.answer(offer + lines)
                for host in FORBIDDEN:
                    await peer.add_candidate(_line(host, port), "0", 0)
                await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                async with asyncio.timeout(PATIENCE_S):
                    assert await peer.video.get() is not None, "the honest ones are tried"
                dropped = peer.counts(0.0).dropped
                refused = {name: count for name, count in dropped.items() if name.startswith("candidate_")}
                assert refused == {
                    "candidate_loopback": 4,
                    "candidate_metadata": 2,
                    "candidate_broadcast": 2,
                    "candidate_multicast": 2,
                    "candidate_unspecified": 2,
                    "candidate_name": 2,
                }
                with pytest.raises(BlockingIOError):
                    victim.recv(1_500)
            finally:
                await candidate.close()
                await peer.close()

    asyncio.run(scene())


def test_no_more_than_so_many_addresses_are_tried_and_the_same_one_again_costs_nothing() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        offer = candidate.localDescription.sdp
        bare = "".join(f"{line}\r\n" for line in offer.splitlines() if "candidate" not in line)
        peer = Peer(PeerSettings())
        try:
            await peer.answer(bare)
            for number in range(40):
                await peer.add_candidate(_line("10.255.0.1", 40_000 + number % 20), "0", 0)
            assert peer.counts(0.0).dropped["candidate_too-many"] == 2 * (20 - MOST)
        finally:
            await candidate.close()
            await peer.close()

    asyncio.run(scene())


def test_pictures_carry_running_numbers_and_the_senders_rhythm() -> None:
    async def scene() -> None:
        async with call(Picture(fps=10)) as connected, asyncio.timeout(PATIENCE_S):
            frames = [await connected.peer.video.get() for _ in range(12)]
            at_s = np.array([frame.at_s for frame in frames if frame is not None])
            ids = [frame.frame_id for frame in frames if frame is not None]
            assert ids == sorted(set(ids))
            steps = np.diff(at_s) / np.diff(ids)
            assert np.median(steps) == pytest.approx(0.1, abs=0.02)
            assert 0.0 <= at_s[0] < 1.0

    asyncio.run(scene())


def test_pixels_are_the_senders() -> None:
    async def scene() -> None:
        async with call(Picture()) as connected, asyncio.timeout(PATIENCE_S):
            frame = await connected.peer.video.get()
            assert frame is not None
            bgr = frame.to_bgr()
            assert bgr.shape == (240, 320, 3)
            assert bgr.dtype == np.uint8
            ramp = bgr[200].mean(axis=1)
            assert ramp[300] == pytest.approx(154, abs=8)
            assert ramp[10] == pytest.approx(63, abs=8)

    asyncio.run(scene())


def test_sound_comes_in_windows_of_half_a_second_with_the_senders_tone() -> None:
    async def scene() -> None:
        async with call(Picture(), Tone()) as connected, asyncio.timeout(PATIENCE_S):
            windows = [await connected.peer.audio.get() for _ in range(4)]
            second, third = windows[2], windows[3]
            assert second is not None
            assert third is not None
            assert second.samples.shape == (8192,)
            assert second.samples.dtype == np.float32
            assert second.lost_share == 0.0
            assert third.at_s - second.at_s == pytest.approx(WINDOW_S, abs=0.05)
            spectrum = np.abs(np.fft.rfft(second.samples))
            assert np.argmax(spectrum) * SAMPLE_RATE_HZ / 8192 == pytest.approx(440, abs=3)
            # The sending aiortc spreads mono over two channels, 3 dB less in each.
            assert np.abs(second.samples).max() == pytest.approx(8_000 / 32_768 / 2**0.5, rel=0.1)

    asyncio.run(scene())


def test_a_frame_of_the_last_seconds_can_be_had_again_and_an_old_one_is_gone() -> None:
    async def scene() -> None:
        async with call(Picture()) as connected, asyncio.timeout(PATIENCE_S):
            peer = connected.peer
            seen = await peer.video.get()
            while peer.frame_count < 8:
                await peer.video.get()
            assert seen is not None
            again = await peer.frame(seen.frame_id)
            assert np.array_equal(again.to_bgr(), seen.to_bgr())
            assert again.at_s == pytest.approx(seen.at_s, abs=0.1)
            with pytest.raises(FrameGone) as gone:
                await peer.frame(0)
            assert gone.value.status == 410

    asyncio.run(scene())


def test_a_peer_that_nobody_may_watch_keeps_and_decodes_nothing_until_it_is_watched_again() -> None:
    async def scene() -> None:
        async with call(Picture(), Tone()) as connected, asyncio.timeout(PATIENCE_S):
            peer = connected.peer
            await ready(connected)
            seen = await peer.video.get()
            heard = await peer.audio.get()
            assert seen is not None
            assert heard is not None
            peer.video.put(seen)
            peer.audio.put(heard)
            peer.want(())
            assert (peer.video.clear(), peer.audio.clear()) == (0, 0), (
                "what waits is of before, and nobody's now"
            )
            with pytest.raises(FrameGone):
                await peer.frame(seen.frame_id)
            await asyncio.sleep(1.0)  # what was under way has come
            before, received = peer.counts(time.monotonic()), (peer.video.received, peer.audio.received)
            counted, decoded = peer.frame_count, peer._flows.video.decoder.decoded
            await asyncio.sleep(1.0)
            after = peer.counts(time.monotonic())
            assert (peer.video.received, peer.audio.received) == received
            assert peer._flows.video.decoder.decoded == decoded
            assert after.dropped["not_watched"] - before.dropped["not_watched"] >= 5
            assert peer.frame_count - counted >= 5
            assert after.media_age_s is not None
            assert after.frame_age_s is not None
            assert after.media_age_s < 1.0 < after.frame_age_s
            assert peer._flows.video.ring.size_bytes == 0
            peer.want(frozenset(Sense))
            again = await peer.video.get()
            assert again is not None
            assert again.frame_id > counted
            assert await peer.audio.get() is not None

    undisturbed(lambda: asyncio.run(scene()))


def test_a_session_goes_on_counting_when_its_page_connects_again() -> None:
    async def scene() -> None:
        clock = SessionClock()
        last_id, last_s = 0, 0.0
        for _ in range(2):
            peer = Peer(PeerSettings(), clock, frames_before=last_id)
            candidate = await offer_of(Picture())
            try:
                await connect(candidate, peer)
                async with asyncio.timeout(PATIENCE_S):
                    frame = await peer.video.get()
                assert frame is not None
                assert frame.frame_id > last_id
                assert frame.at_s >= last_s
                last_id, last_s = peer.frame_count, frame.at_s
            finally:
                await candidate.close()
                await peer.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("", "v=0"),
        ("hello", "v=0"),
        ("v=0\r\n", "no media"),
        ("v=0\r\nm=audio\r\n", "cannot be answered"),
        ("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n", "cannot be answered"),
        ("v=0\r\nm=video x y z\r\n\x00\x00", "cannot be answered"),
        ("v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "only audio and video"),
        ("v=0\r\nm=video 9 a 1\r\nm=video 9 a 1\r\n", "at most one"),
        ("v=0\r\n" + "a=x\r\n" * 20_000, "64 KiB"),
    ],
)
def test_garbage_instead_of_an_offer_is_refused_with_the_reason(offer: str, reason: str) -> None:
    async def scene() -> None:
        peer = Peer(PeerSettings())
        try:
            with pytest.raises(Rejected, match=reason):
                await peer.answer(offer)
        finally:
            await peer.close()

    asyncio.run(scene())


def test_an_offer_with_only_unknown_codecs_is_refused() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        peer = Peer(PeerSettings())
        try:
            offer = candidate.localDescription.sdp.replace("VP8", "AV9").replace("H264", "AV8")
            with pytest.raises(Rejected, match="cannot be answered"):
                await peer.answer(offer)
        finally:
            await candidate.close()
            await peer.close()

    asyncio.run(scene())


def test_an_offer_changed_at_random_is_answered_or_refused_and_nothing_stays_behind() -> None:
    async def scene() -> set[str]:
        candidate = await offer_of(Picture(), Tone())
        lines = candidate.localDescription.sdp.split("\r\n")
        await candidate.close()
        chance, ends = random.Random(5), set()
        for _ in range(100):
            peer = Peer(PeerSettings())
            try:
                await peer.answer("\r\n".join(changed(lines, chance)))
                ends.add("answered")
            except Rejected:
                ends.add("refused")
            finally:
                await peer.close()
        return ends

    assert asyncio.run(scene()) == {"answered", "refused"}


def changed(lines: list[str], chance: random.Random) -> list[str]:
    changed_lines = list(lines)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed_lines))
        line = changed_lines[place]
        changed_lines[place : place + 1] = chance.choice(
            [
                [],
                [line[: chance.randrange(len(line) + 1)]],
                [line, chance.choice(lines)],
                [
                    line.replace(
                        chance.choice("0123456789 :="), chance.choice(["", "99999999999", "-1", "\0"])
                    )
                ],
                ["".join(chr(chance.randrange(1, 300)) for _ in range(20))],
            ]
        )
    return changed_lines


def test_a_second_offer_and_a_candidate_before_the_first_are_refused() -> None:
    async def scene() -> None:
        peer = Peer(PeerSettings())
        with pytest.raises(Rejected, match="before the offer"):
            await peer.add_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0", 0)
        candidate = await offer_of(Picture())
        try:
            await peer.answer(candidate.localDescription.sdp)
            with pytest.raises(Rejected, match="already has an answer"):
                await peer.answer(candidate.localDescription.sdp)
            with pytest.raises(Rejected, match="not an ICE candidate"):
                await peer.add_candidate("candidate:nonsense", "0", 0)
            for _ in range(63):
                await peer.add_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0", 0)
            with pytest.raises(Rejected, match="more than 64"):
                await peer.add_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0", 0)
        finally:
            await candidate.close()
            await peer.close()

    asyncio.run(scene())


def test_many_offers_at_once_are_worked_on_one_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, steps = 0, list[int]()

    def noting(module: ModuleType, name: str) -> None:
        work = getattr(module, name)

        def noted(*arguments: Any) -> Any:
            steps.append(turns)
            return work(*arguments)

        monkeypatch.setattr(module, name, noted)

    for name in ("read_offer", "open_connection", "payload_codecs"):
        noting(peer_module, name)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def scene() -> None:
        candidate = await offer_of(Picture())
        peers = [Peer(PeerSettings()) for _ in range(6)]
        other = asyncio.create_task(others())
        try:
            await asyncio.gather(*(peer.answer(candidate.localDescription.sdp) for peer in peers))
        finally:
            other.cancel()
            await candidate.close()
            for peer in peers:
                await peer.close()

    asyncio.run(scene())
    assert len(steps) == 18
    assert len(set(steps)) == 18, "others had their turn between any two steps"


def test_a_peer_closed_while_its_offer_waits_opens_nothing() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        first, second = Peer(PeerSettings()), Peer(PeerSettings())
        try:
            answers = [
                asyncio.ensure_future(one.answer(candidate.localDescription.sdp)) for one in (first, second)
            ]
            await asyncio.sleep(0)
            with pytest.raises(Rejected, match="already has an answer"):
                await second.answer(candidate.localDescription.sdp)
            await second.close()
            with pytest.raises(Unavailable):
                await answers[1]
            assert second._connection is None
            await answers[0]
        finally:
            await candidate.close()
            await first.close()

    asyncio.run(scene())


def test_candidates_may_trickle_in_after_the_answer() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        peer = Peer(PeerSettings())
        try:
            offer = candidate.localDescription.sdp
            lines = offer.splitlines()
            apart = [line for line in lines if line.startswith("a=candidate")]
            bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates"))]
            await connect(candidate, peer, "\r\n".join(bare) + "\r\n")
            for line in apart:
                await peer.add_candidate(line, "0", 0)
            await peer.add_candidate("", None, None)
            async with asyncio.timeout(PATIENCE_S):
                assert await peer.video.get() is not None
        finally:
            await candidate.close()
            await peer.close()

    asyncio.run(scene())


def test_an_outage_of_eight_seconds_shows_as_age_of_the_last_frame_and_then_heals() -> None:
    async def scene() -> None:
        network = Impairment()
        async with call(Picture(fps=10), impairment=network) as connected, asyncio.timeout(PATIENCE_S):
            peer = connected.peer
            for _ in range(5):
                await peer.video.get()
            network.down = True
            await asyncio.sleep(8.0)
            peer.video.take()
            stalled_s = age_of(peer)
            network.down = False
            async with own_seconds() as passed:
                frame = await peer.video.get()
                assert passed() < 3.0
            assert frame is not None
            assert frame.at_s > 7.0, "the session clock runs on through the outage"
            assert 7.0 < stalled_s < 9.0

    undisturbed(lambda: asyncio.run(scene()))


def test_the_other_side_hanging_up_ends_the_peer() -> None:
    async def scene() -> None:
        async with call(Picture()) as connected, asyncio.timeout(PATIENCE_S):
            peer = connected.peer
            await peer.video.get()
            assert not peer.ended.is_set()
            await connected.candidate.close()
            await peer.ended.wait()
            while await peer.video.get() is not None:
                pass
            assert peer.video.closed, "whoever waits for a frame is told that none comes"

    asyncio.run(scene())


def test_a_connection_that_never_comes_about_is_an_error_of_ice_and_hanging_up_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aioice.stun.RETRY_MAX", 1)  # else it tries for a minute

    async def failing() -> str | None:
        candidate = await offer_of(Picture(), Tone())
        offer = candidate.localDescription.sdp
        await candidate.close()
        peer = Peer(PeerSettings())
        try:
            await peer.answer(offer)
            await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)
            return peer.counts(time.monotonic()).error
        finally:
            await peer.close()

    async def hanging_up() -> str | None:
        async with call(Picture()) as connected:
            await connected.peer.video.get()
            await connected.candidate.close()
            await asyncio.wait_for(connected.peer.ended.wait(), PATIENCE_S)
            return connected.peer.counts(time.monotonic()).error

    assert asyncio.run(failing()) == "ice"
    assert asyncio.run(hanging_up()) is None


def test_a_decoder_has_one_thread() -> None:
    async def scene(*pictures: Picture) -> tuple[list[str], int]:
        before = foreign_threads()
        async with AsyncExitStack() as calls, asyncio.timeout(PATIENCE_S):
            for picture in pictures:
                await ready(await calls.enter_async_context(call(picture, Tone())))
            names = sorted(thread.name for thread in threading.enumerate() if "decoder" in thread.name)
            return names, foreign_threads() - before

    asyncio.run(scene(Picture()))  # pools of libraries are there from now on
    gc.collect()
    names, of_a_large_one = asyncio.run(scene(Picture(width=640, height=480)))
    assert names == ["audio-decoder", "video-decoder"]
    # Encoders have threads of their own in every call; a decoder's would come on top with a large picture.
    _, of_two_small_ones = asyncio.run(scene(Picture(), Picture()))
    assert of_a_large_one <= of_two_small_ones


def foreign_threads() -> int:
    """Threads of this process that Python did not start."""
    return psutil.Process().num_threads() - threading.active_count()


@pytest.mark.soak
@pytest.mark.timeout(rounds(300, 1_800))
def test_connecting_and_closing_again_and_again_leaks_neither_threads_nor_files() -> None:
    async def once() -> None:
        async with call(Picture(width=64, height=48), Tone()) as connected, asyncio.timeout(PATIENCE_S):
            assert await connected.peer.video.get() is not None

    async def scene() -> None:
        process = psutil.Process()
        for _ in range(3):
            await once()
        threads, files = threads_of_calls(), process.num_fds()
        for _ in range(rounds(30, 400)):
            await once()
        await until(lambda: threads_of_calls() <= threads + 2, f"{threads} threads again")
        await until(lambda: process.num_fds() <= files + 2, f"{files} open files again")

    asyncio.run(scene())


def threads_of_calls() -> int:
    """Threads of this process without the loop's own pool, which starts one whenever none happens to be idle,
    up to a bound of its own."""
    pool = sum(thread.name.startswith("asyncio_") for thread in threading.enumerate())
    return psutil.Process().num_threads() - pool


async def connect(candidate: object, peer: Peer, offer: str | None = None) -> None:
    assert isinstance(candidate, RTCPeerConnection)
    answer = await peer.answer(offer or candidate.localDescription.sdp)
    await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))


async def ready(connected: Call) -> None:
    assert await connected.peer.video.get() is not None
    assert await connected.peer.audio.get() is not None


def age_of(peer: Peer) -> float:
    age_s = peer.counts(time.monotonic()).frame_age_s
    assert age_s is not None
    return age_s
