"""Excludes a daemon's permanent objects from garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def spare_what_is_loaded() -> None:
    """Exclude all present objects from later collections; call it once everything is loaded.

    A full collection visits every object. Of a node that has opened its networks that takes a tenth of a
    second of its event loop, and hardly anything of it is ever freed.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def loading() -> Iterator[None]:
    """Collect nothing in this block, and exclude all present objects from later collections.

    For modules and what is made of them once, which all stay. The many collections meanwhile would take a
    sixth of a coordinator's start; each full one later would halt its event loop for 150 ms and more.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
