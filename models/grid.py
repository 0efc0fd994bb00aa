"""The cells of a dense detector's output, in the order it lists them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.results import Floats

SIZE_LOGARITHMS = (-20.0, 8.0)
"""Sizes come as logarithms; larger ones would exceed every frame and overflow."""


@lru_cache(maxsize=16)
def cells_of_grid(columns: int, rows: int, per_cell: int = 1) -> Floats:
    """(rows · columns · per_cell, 2): column and row of each cell, row by row, each `per_cell` times."""
    y, x = np.mgrid[:rows, :columns]
    cells = np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0).astype(np.float32)
    cells.setflags(write=False)
    return cells
