"""What people may read about each network: its task in plain words, licence, figures with their input.

Made from the manifest: `python -m models.cards ROOT` writes `docs/models.md` and, for the coordinator's
public page, `coordinator/openness/networks.json`. They are files of the repository; a test compares them with
the output of this module. Where there is no figure, the card says "not measured".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from models.manifest import Calibration, Entry, Manifest, Profile, load_manifest
from models.similarity import FALSE_MATCH_RATE
from models.tasks import DOES, Task

NOT_MEASURED: Final = "not measured"
_MADE: Final = "<!-- Made by `make docs` from models/manifest.toml. Change that file, not this page. -->"


def all_cards(manifest: Manifest) -> list[dict[str, Any]]:
    """One card per network, in the order of the manifest."""
    return [_card(entry) for entry in manifest.entries]


def networks_json(manifest: Manifest) -> str:
    """The cards as the coordinator reads them."""
    return json.dumps(all_cards(manifest), ensure_ascii=False, indent=1) + "\n"


def models_page(manifest: Manifest) -> str:
    """The cards as a page."""
    parts = [
        "# Networks",
        _MADE,
        "Every network that the product may use, best first within a task. Which one serves depends on the "
        "weights and the licences of an installation: `proctorctl models list` says it. No figure stands "
        "here without what it was measured on. An exam's accuracy as a whole, by light, camera and group "
        "of people, is not measured by these figures: `proctor-edge accuracy` measures it on labelled "
        "material.",
    ]
    for task in Task:
        of_task = [card for card in all_cards(manifest) if card["task"] == task]
        parts += [f"## {task.value}: {DOES[task]}", *(part for card in of_task for part in _shown(card))]
    return "\n\n".join(parts) + "\n"


def write_cards(root: Path) -> None:
    """Write both files into a checkout."""
    manifest = load_manifest()
    (root / "docs" / "models.md").write_text(models_page(manifest), "utf-8")
    (root / "coordinator" / "openness" / "networks.json").write_text(networks_json(manifest), "utf-8")


def _card(entry: Entry) -> dict[str, Any]:
    return {
        "task": entry.task.value,
        "does": DOES[entry.task],
        "name": entry.name,
        "version": entry.version,
        "licence": entry.licence,
        "commercial": entry.profile is Profile.OPEN,
        "attribution": entry.attribution,
        "proved": bool(entry.verified),
        "measured": list(_figures(entry)),
        "limits": list(entry.limits),
        "differences": _differences(entry.calibration),
    }


def _figures(entry: Entry) -> Iterable[dict[str, str]]:
    if (calibration := entry.calibration) is not None:
        yield {
            "what": "pairs of two people closer than the point from which they count as one (the point is "
            "set so)",
            "value": f"at most {FALSE_MATCH_RATE:.1%}",
            "input": f"{calibration.different_pairs} pairs of two people's pictures and "
            f"{calibration.same_pairs} pairs of one person's",
        }
    for one in entry.measured:
        yield {"what": one.what, "value": one.value, "input": one.input}


def _differences(calibration: Calibration | None) -> str:
    if calibration is None:
        return ""
    if not calibration.worst_group:
        return "No group of people at hand set the point of acceptance apart from all others."
    named = calibration.worst_group.replace("-", " ").title()
    return (
        f"Of the groups of people at hand, two people of {named} origin are the most easily taken for one. "
        "They set the point of acceptance for everybody. Other differences between groups are not "
        "measured."
    )


def _shown(card: Mapping[str, Any]) -> Iterable[str]:
    yield f"### {card['name']}@{card['version']}"
    use = (
        "may be used commercially" if card["commercial"] else "research only: an installation must ask for it"
    )
    lines = [f"- Licence: {card['licence']} ({use})"]
    if card["attribution"]:
        lines.append(f"- Attribution: {card['attribution']}")
    if not card["proved"]:
        lines.append(
            "- Never proved with its real weights here; it serves only where no proved one is at hand"
        )
    figures = [
        f"- Measured: {one['what']}: {one['value']}. Input: {one['input']}" for one in card["measured"]
    ]
    lines += figures or [f"- Measured: {NOT_MEASURED}"]
    lines += [f"- Limit: {limit}" for limit in card["limits"]]
    lines.append(f"- Differences between groups of people: {card['differences'] or NOT_MEASURED}")
    yield "\n".join(lines)


if __name__ == "__main__":
    write_cards(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
