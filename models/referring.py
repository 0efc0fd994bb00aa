"""Writes `references.json` again: the answers of every present network, on its runtime on processors.

A program (`python -m models.referring`), run by whoever adds a network; answers of files that are not present
here are kept.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from models.manifest import Entry
from models.opening import open_entry
from models.references import Reference, fixed_input, sampled, stored_references
from models.store import Store
from models.trial import sizes_of

FILE: Final = Path(__file__).with_name("references.json")
READ: Final = frozenset({"onnx", "tflite", "xml"})


def main() -> int:
    """Write the file."""
    store = Store.here()
    known = dict(stored_references()) if FILE.is_file() else {}
    for entry in store.manifest.entries:
        if entry.files and entry.runtime and store.has(entry):
            known |= _answers(store, entry)
    stored = {sha256: [asdict(one) for one in known[sha256]] for sha256 in sorted(known)}
    FILE.write_text(json.dumps(stored, separators=(",", ":")).replace('],"', '],\n"') + "\n", "utf-8")
    return 0


def _answers(store: Store, entry: Entry) -> dict[str, Reference]:
    opened = open_entry(store, entry, installed=frozenset({entry.runtime} if entry.runtime else ()))
    files = [file for file in entry.files if file.name.rpartition(".")[2] in READ]
    given = [fixed_input(network.inputs, sizes_of(network.inputs, entry.input.shapes)) for network in opened]
    answers = [network.run(arrays) for network, arrays in zip(opened, given, strict=True)]
    return {file.sha256: sampled(answer) for file, answer in zip(files, answers, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
