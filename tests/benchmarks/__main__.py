"""`python -m tests.benchmarks [NAME [ARGUMENTS]]`: measures something and prints a table; all without a name.

Each benchmark is a module here with `run(arguments)`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    wanted = sys.argv[1:2] or names
    if unknown := set(wanted) - set(names):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}\n")
        return 2
    for name in wanted:
        import_module(f"tests.benchmarks.{name}").run(sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
