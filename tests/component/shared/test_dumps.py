"""A daemon that crashes leaves no image of its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CRASH = "import os, resource; {0}; print(resource.getrlimit(resource.RLIMIT_CORE), flush=True); os.abort()"
REFUSE = "from shared.dumps import no_core_dumps; no_core_dumps()"


def test_a_crash_leaves_no_core_file_whatever_the_host_allows(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CRASH.format(REFUSE)]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("(0, 0)", -6), done.stderr
    assert list(tmp_path.iterdir()) == []
