"""Words for what this product never infers, and the one sentence that may hold them."""

from __future__ import annotations

import re

NEVER = re.compile(
    r"emotion|feeling|mood|sentiment|stress|nervous|anxi(ety|ous)|fear|happ(y|iness)|\bsad(ness)?\b|\bang(er|ry)"
    r"|bored|frustrat|arousal|valence|attenti(on|ve)|engage(d|ment)|concentrat|vigilan|personality|honesty"
    r"|\bguilt|decei|decept|lie.?detect|trustworth(y|iness).score|fatigue|drows|sleepy|confused|heart.?rate"
    r"|micro.?express|ethnic|\brace\b|gender|\bsex\b",
    re.IGNORECASE,
)
SAID_SO = frozenset(
    {"Nothing is concluded about your mood, your character or your health."},
)
