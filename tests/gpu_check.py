"""`make gpu-check`: opens every network with the packages of a GPU host, and on a GPU if there is one.

Runs in an environment without pytest. Every network must be served and give its stored answer; on a GPU, the
networks that it can take must really run there. What cannot be checked here is said loudly.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from edge.fleet.gpus import gpu_percent, open_nvml
from models.chain import ON_GPU, BestDevice, Runtime
from models.manifest import Entry
from models.opening import open_entry
from models.runtime import Network, installed_runtimes
from models.store import Store
from shared.errors import ProctorError


def main() -> int:
    """Check, print, and return the exit status: 1 if a network is not served."""
    store = Store.here()
    entries = [one for one in store.manifest.entries if one.files and one.runtime and store.has(one)]
    gpus = gpu_percent(open_nvml())
    problems = [] if entries else ["no network is present: run `proctorctl models fetch`"]
    if Runtime.ONNX_CUDA not in installed_runtimes():
        problems.append("the installed build of ONNX Runtime has no CUDA")
    opened: list[Network] = []
    for entry in entries:
        try:
            networks = open_entry(store, entry, best=BestDevice.CUDA)
        except ProctorError as error:
            problems.append(f"{entry.label}: {error}")
            continue
        _tell(entry, networks)
        opened.extend(networks)
    on_gpu = sum(network.runtime in ON_GPU for network in opened)
    if gpus and not on_gpu:
        problems.append("this host has a GPU, but no network runs on it")
    if not gpus:
        _say("SKIPPED, no GPU on this host: answers, batches and times on CUDA were not checked")
    for problem in problems:
        _say(f"PROBLEM {problem}")
    _say(
        f"{len(opened)} files of {len(entries)} networks opened, {on_gpu} on a GPU; {len(problems)} problems"
    )
    return 1 if problems else 0


def _tell(entry: Entry, networks: Sequence[Network]) -> None:
    for network in networks:
        refused = "; ".join(f"{one.runtime}: {one.reason}" for one in network.refused)
        _say(f"{entry.label:45} {network.device:14} {network.canary_ms:8.1f} ms  {refused}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
