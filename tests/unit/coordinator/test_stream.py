from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coordinator.nodes.stream import StreamSettings, consumer_config, differing, require_same, stream_config
from shared.errors import ConfigError

SETTINGS = StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0)


def test_what_the_server_keeps_beside_what_was_asked_is_its_own() -> None:
    asked = stream_config(SETTINGS, 3)
    require_same(asked, asked | {"metadata": {"_nats.ver": "2.15.1"}, "compression": "none"})


@pytest.mark.parametrize("name", [*stream_config(SETTINGS, 3)])
def test_every_setting_that_is_kept_otherwise_is_named(name: str) -> None:
    asked = stream_config(SETTINGS, 3)
    kept: dict[str, Any] = asked | {name: "another"}
    assert differing(asked, kept) == [name]
    with pytest.raises(ConfigError, match=f"of the stream of alerts: {name}$"):
        require_same(asked, kept)


def test_a_setting_that_the_server_does_not_know_is_not_kept() -> None:
    asked = consumer_config(SETTINGS)
    kept = {name: value for name, value in asked.items() if name != "max_ack_pending"}
    assert differing(asked, kept) == ["max_ack_pending"]


@pytest.mark.parametrize("tags", [(), ("site:eu",), ("site:eu", "rack:1")])
def test_tags_say_where_the_copies_are(tags: tuple[str, ...]) -> None:
    placement = stream_config(replace(SETTINGS, placement_tags=tags), 3)["placement"]
    assert placement == ({"cluster": None, "tags": list(tags)} if tags else None)
