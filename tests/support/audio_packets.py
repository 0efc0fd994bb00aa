"""Packets of an audio stream by number, and the numbers of what a buffer lets out."""

from __future__ import annotations

from collections.abc import Iterable

from edge.media.inorder import AudioPacket, InOrderAudioBuffer, OrderedAudio


def packet(number: int) -> AudioPacket:
    return AudioPacket((65_533 + number) % 65_536, number * 960, 96, b"%d" % number)


def feed(buffer: InOrderAudioBuffer, arrivals: Iterable[tuple[int, float]]) -> list[tuple[int, int]]:
    return [shown(item) for number, at in arrivals for item in buffer.add(packet(number), at)]


def shown(item: OrderedAudio) -> tuple[int, int]:
    return int(item.packet.data), item.lost_before
