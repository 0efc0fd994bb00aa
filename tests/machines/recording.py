"""What candidates stream: the rehearsal's recording, and the same again and again in one file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Final

import av

from shared.rehearsal import Script, script_from_json
from tests.machines.provisioning import REPOSITORY

EDGE: Final = REPOSITORY / ".venv/bin/proctor-edge"


def rehearsal(folder: Path) -> Script:
    """Make the recording, the pictures and the script, once."""
    if not (folder / "expected.json").exists():
        subprocess.run([EDGE, "rehearse", "--out", folder], check=True, stdout=subprocess.DEVNULL)
    return script_from_json((folder / "expected.json").read_bytes())


def repeated(recording: Path, times: int) -> Path:
    """The recording `times` times in one file, without encoding it anew."""
    made = recording.with_name(f"{recording.stem}-{times}{recording.suffix}")
    if made.exists():
        return made
    draft = made.with_name(f"draft-{made.name}")
    with av.open(str(draft), "w") as out:
        streams: dict[int, Any] = {}
        shift_s = 0.0
        for _ in range(times):
            shift_s += _append(recording, out, streams, shift_s)
    draft.replace(made)
    return made


def _append(recording: Path, out: Any, streams: dict[int, Any], shift_s: float) -> float:
    """How long it is."""
    ends_s = 0.0
    with av.open(str(recording)) as source:
        for stream in source.streams:
            if stream.index not in streams:
                streams[stream.index] = out.add_stream_from_template(stream)
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            ends_s = max(ends_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            shift = round(shift_s / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return ends_s
