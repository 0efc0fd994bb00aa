"""What failed among 2,500 tests side by side gets one more hearing: by itself, three times, and aloud.

    pytest --cache-clear … || python -m tests.again

Exams in real time share two cores with everything else, and a moment in which the machine is elsewhere fails
one of them. What fails by itself, or now and then, is still red. What passes is named at the end: a race of
the product's own looks the same until somebody has read why it failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

FAILED: Final = Path(".pytest_cache/v/cache/lastfailed")
MOST_TESTS: Final = 3
"""More than these are no chance."""
TIMES: Final = 3
ALONE: Final = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def without_lane(name: str) -> str:
    """A test's name as one process knows it: of several, each puts the test's lane behind an @."""
    return name.rpartition("@")[0] or name


def main() -> int:
    """Run what failed again. Returns the exit status for make."""
    failed = [without_lane(name) for name in json.loads(FAILED.read_text())] if FAILED.exists() else []
    if not 1 <= len(failed) <= MOST_TESTS:
        say(f"{len(failed)} failed tests are noted; 1 to {MOST_TESTS} would be run again.")
        return 1
    for turn in range(1, TIMES + 1):
        say(f"Run {turn} of {TIMES}, alone: {', '.join(failed)}")
        again = subprocess.run([*ALONE, *failed], check=False)
        if again.returncode:
            return again.returncode
    say(f"\nFAILED ONCE, then passed {TIMES} times alone. Read above why, before you call it chance:")
    say("\n".join(f"    {name}" for name in failed))
    return 0


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
