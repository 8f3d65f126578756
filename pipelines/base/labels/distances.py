"""Distances in templates, told by one rule."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from detectors.kinematics.geodesy import METRES_PER_NM

_METRES: Final = re.compile(r"\{(\w+):\.0f\} m\b")
_MILES: Final = re.compile(r"\{(\w+):nm\.\df\} nm\b")


def with_units(text: str) -> str:
    """Return a template whose distances are values with their units, whichever these are.

    >>> with_units("{a_m:.0f} m off, {b_m:nm.1f} nm away at {kn:.0f} kn")
    '{a_m} off, {b_m} away at {kn:.0f} kn'
    """
    return _MILES.sub(r"{\1}", _METRES.sub(r"{\1}", text))


def as_distances(text: str, values: Mapping[str, Any]) -> str:
    """Return a template that tells its distances as all others are told: in metres, from one
    nautical mile on in miles (`telling.Words.distance`).

    >>> as_distances("{a_m:.0f} m off, {b_m:nm.1f} nm away", {"a_m": 2800.0, "b_m": 900.0})
    '{a_m:nm.1f} nm off, {b_m:.0f} m away'
    """

    def far(name: str) -> bool | None:
        value = values.get(name)
        if not isinstance(value, int | float) or math.isnan(value) or not name.endswith("_m"):
            return None
        return abs(value) >= METRES_PER_NM

    text = _METRES.sub(lambda m: f"{{{m[1]}:nm.1f}} nm" if far(m[1]) else m[0], text)
    return _MILES.sub(lambda m: f"{{{m[1]}:.0f}} m" if far(m[1]) is False else m[0], text)
