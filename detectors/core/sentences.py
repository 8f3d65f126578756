"""Sentences as templates: how their numbers are written, and which places they have."""

from collections.abc import Mapping
from string import Formatter

from detectors.core.evidence import Value


class Number(float):
    """A number in a sentence: the format may begin with the unit that it is shown in.

    >>> "{way:nm.1f} nm in {t:h.1f} h or {t:min.0f} min".format(way=Number(9260), t=Number(5400))
    '5.0 nm in 1.5 h or 90 min'
    """

    def __format__(self, spec: str) -> str:
        """Return the number in the unit that the format begins with: h, min (of seconds), nm."""
        for unit, divisor in (("nm", 1852.0), ("min", 60.0), ("h", 3600.0)):
            if spec.startswith(unit):
                return format(float(self) / divisor, "z" + spec.removeprefix(unit))
        return format(float(self), "z" + spec)


def numbers(values: Mapping[str, Value]) -> dict[str, object]:
    """Return values as templates take them: numbers that know units, None as "not known"."""
    return {
        name: Number(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else Number("nan")
        if value is None
        else value
        for name, value in values.items()
    }


def places_in(says: str) -> tuple[str, ...]:
    """Return the names of the places in a template.

    >>> places_in("{median_distance_m:.0f} m apart for {duration_s:h.1f} h")
    ('median_distance_m', 'duration_s')
    """
    found = (name for _, name, _, _ in Formatter().parse(says) if name)
    return tuple(dict.fromkeys(found))
