"""What a daemon has loaded is not visited by the garbage collector again."""

import gc
import weakref

import pytest

from shared.garbage import loading, spare_what_is_loaded


class Ring:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_is_spared_and_what_comes_later_is_still_freed() -> None:
    dead = weakref.ref(Ring())
    loaded: list[dict[str, int]] = [{}]
    before = gc.get_freeze_count()
    spare_what_is_loaded()
    assert dead() is None  # garbage is not kept for ever
    assert gc.get_freeze_count() > before
    assert not any(each is loaded for each in gc.get_objects())
    later = weakref.ref(Ring())
    gc.collect()
    assert later() is None


def test_nothing_is_collected_while_it_is_loaded_and_what_was_loaded_is_spared() -> None:
    with loading():
        collections = [generation["collections"] for generation in gc.get_stats()]
        loaded = [Ring() for _ in range(10 * gc.get_threshold()[0])]
        assert [generation["collections"] for generation in gc.get_stats()] == collections
    assert gc.isenabled()
    assert not any(each is loaded for each in gc.get_objects())
    later = weakref.ref(Ring())
    gc.collect()
    assert later() is None


def test_what_cannot_be_loaded_leaves_the_collector_as_it_was() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
