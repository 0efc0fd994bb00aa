"""Checks that a network call's answer has only finite numbers. Pure.

A network's own outputs are checked in the runtime (`models.runtime`); values computed from them may still
divide by zero or overflow. Every comparison with NaN is false, so one rule would ignore it and another would
raise an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite

import numpy as np


def is_finite(value: object) -> bool:
    """True without NaN and infinity in all floats, arrays, dataclasses, sequences and mappings."""
    match value:
        case float() | np.floating():
            return isfinite(value)
        case np.ndarray():
            return value.dtype.kind != "f" or bool(np.isfinite(value).all())
        case tuple() | list():
            return all(map(is_finite, value))
        case Mapping():
            return all(map(is_finite, value.values()))
    if is_dataclass(value):
        return all(is_finite(getattr(value, field.name)) for field in fields(value))
    return True
