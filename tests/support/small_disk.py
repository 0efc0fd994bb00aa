"""A disk of a few MiB of its own that can be filled and freed, for tests of what a full one does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE_KIB = 3_072


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system."""

    folder: Path

    def fill(self) -> None:
        """Take all that is left."""
        try:
            with (self.folder / "ballast").open("ab", buffering=0) as ballast:
                while ballast.write(bytes(4_096)):
                    pass
        except OSError:
            return

    def free(self) -> None:
        """Give it back."""
        (self.folder / "ballast").unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A tmpfs; the test is skipped, saying so, where none may be mounted."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KIB}k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk is missing, which only root may mount: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
