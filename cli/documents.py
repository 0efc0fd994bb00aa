"""Reads files that administrators write: one JSON or YAML object per file.

A key that appears twice in one object is refused: YAML and JSON would silently keep the last one. A few lines
of YAML with aliases can expand without end, so the expanded size is counted first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from shared.errors import ConfigError, Rejected

MAX_PARTS: Final = 20_000
"""The limit of names and values in an object, nested ones included; a complete policy has less than 500."""


def read_document(path: Path, kind: str, max_bytes: int) -> dict[str, Any]:
    """The object in a file that should hold a `kind`, such as a policy.

    Raises `ConfigError` if the file cannot be read, and `Rejected` (`{kind}-invalid`, 422) with its name and
    the wrong path if it has no such object.
    """
    try:
        if path.stat().st_size > max_bytes:
            raise ConfigError(f"{path} is larger than {max_bytes} bytes, too large for a {kind}")
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and _parts(root, {}) > MAX_PARTS:
            raise _refused(path, kind, kind, f"expands to more than {MAX_PARTS} parts, too many for a {kind}")
        twice = next(_named_twice(root), None)
        value = None if twice else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(path, kind, kind, f"is neither JSON nor YAML: {error}") from error
    if twice:
        raise _refused(path, kind, twice, "appears twice")
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise _refused(path, kind, kind, f"is not a {kind}: it must be an object with named fields")
    return value


def _refused(path: Path, kind: str, place: str, what: str) -> Rejected:
    subject = f"{path}" if place == kind else f"{path}: {place}"
    return Rejected(
        f"{subject} {what}",
        code=f"{kind}-invalid",
        status=422,
        errors=[{"path": place, "message": what}],
    )


def _parts(node: yaml.Node, known: dict[int, int]) -> int:
    """The number of nodes in a tree with aliases expanded; too many if one contains itself."""
    if id(node) not in known:
        known[id(node)] = MAX_PARTS + 1
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        known[id(node)] = 1 + sum(_parts(each, known) for each in children)
    return known[id(node)]


def _named_twice(root: yaml.Node | None) -> Iterator[str]:
    """Paths of keys that appear twice in one object; each node is visited once, even if aliased."""
    waiting: list[tuple[str, yaml.Node]] = [] if root is None else [("", root)]
    seen: set[int] = set()
    while waiting:
        before, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{before}{number}.", each) for number, each in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            continue
        names: set[str] = set()
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                continue  # not a name; constructing the object will report it
            if name.value in names:
                yield f"{before}{name.value}"
            names.add(name.value)
            waiting.append((f"{before}{name.value}.", value))
