"""Whether what a network's call answered consists of numbers throughout. Pure.

A network's own outputs are checked where they leave the runtime (`models.runtime`); what is made of them may
still divide by nothing or run over. A comparison with what is no number is false whichever way it is written,
so that one rule would let it pass and the next would raise an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite

import numpy as np


def is_finite(value: object) -> bool:
    """True where no NaN and no infinity stands in it: in floats, arrays, dataclasses, sequences, mappings."""
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
