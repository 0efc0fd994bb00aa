"""Opens networks of the store and reports the result of each as one JSON object per line.

A separate program (`python -m models.canary NAME...`): `proctorctl`, which may be installed without any
runtime, never loads one, and a crash of a runtime stops nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from models.opening import open_entry
from models.store import Store
from shared.errors import ProctorError


def main(names: Sequence[str]) -> int:
    """Write one line per name: device and milliseconds of each of its networks, or what is wrong."""
    store = Store.here()
    for name in names:
        try:
            networks = open_entry(store, store.manifest.entry(name))
            row = {
                "name": name,
                "devices": [network.device for network in networks],
                "milliseconds": [round(network.canary_ms, 2) for network in networks],
                "problem": "",
            }
        except ProctorError as error:
            row = {"name": name, "devices": [], "milliseconds": [], "problem": str(error)}
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
