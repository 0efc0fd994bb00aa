"""`python -m tests.benchmarks [NAME [ARGUMENTS]]`: measures something and prints a table; all without a name.

Each benchmark is a module here with `run(arguments)`, which may print and answers the figures of the table at
the end. Ends with 1 when a figure does not lie where it has to.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks._figures import Figure, table


def main() -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    wanted = sys.argv[1:2] or names
    if unknown := set(wanted) - set(names):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}\n")
        return 2
    figures: list[Figure] = []
    for name in wanted:
        figures += import_module(f"tests.benchmarks.{name}").run(sys.argv[2:])
    sys.stdout.write("\n" + table(figures))
    return 1 if any(each.holds is False for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
