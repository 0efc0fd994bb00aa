"""Manifests written for a test."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from models.chain import Runtime
from models.manifest import Entry, File, Manifest, Mirror, Profile, Source
from models.tasks import Task

WEIGHTS = bytes(range(256)) * 40


def make_file(
    name: str = "net.onnx",
    *,
    content: bytes = WEIGHTS,
    sources: Sequence[Source] = (Mirror("net.onnx"),),
    convert: str | None = None,
    sized: bool = True,
) -> File:
    """A file of the manifest whose hash and size are those of `content`."""
    size_bytes = len(content) if sized else None
    return File(name, sha256(content).hexdigest(), tuple(sources), size_bytes, convert)


def make_entry(
    name: str = "net",
    *files: File,
    task: Task = Task.OBJECTS,
    profile: Profile = Profile.OPEN,
    weights_of: str | None = None,
) -> Entry:
    """A network of the manifest."""
    return Entry(
        task=task,
        name=name,
        version="1",
        licence="MIT" if profile is Profile.OPEN else "research only",
        profile=profile,
        files=() if weights_of else files or (make_file(),),
        weights_of=weights_of,
        runtime=Runtime.ONNX_CPU,
    )


def make_manifest(*entries: Entry) -> Manifest:
    """A manifest of these networks, best first."""
    return Manifest(entries)
