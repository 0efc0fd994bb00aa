"""`python -m tests.benchmarks NAME [ARGUMENTS]`: measures something and prints a table.

Each benchmark is a module here with `run(arguments)`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        sys.stderr.write(f"usage: python -m tests.benchmarks {{{','.join(names)}}} [ARGUMENTS]\n")
        return 2
    import_module(f"tests.benchmarks.{sys.argv[1]}").run(sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
