"""Types and checks that the parameters of several detectors share."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from detectors.core.zones import ZONE_CLASSES


def _known(zone_class: str) -> str:
    if zone_class not in ZONE_CLASSES:
        raise ValueError(
            f"no zone class is called {zone_class!r}; known: {', '.join(ZONE_CLASSES)}"
        )
    return zone_class


ZoneClass = Annotated[str, AfterValidator(_known)]
"""The name of a zone class."""

ZoneClasses = tuple[ZoneClass, ...]
"""Names of zone classes."""

Score = Annotated[float, Field(ge=0.0, le=1.0)]
"""A score, 0 to 1."""

ZoneScores = Mapping[ZoneClass, Score]
"""A score for each of some zone classes."""


def at_most(model: BaseModel, smaller: str, larger: str) -> None:
    """Check one parameter of a model against another.

    Raises
    ------
    ValueError
        If the first is larger than the second.
    """
    low, high = getattr(model, smaller), getattr(model, larger)
    if low > high:
        raise ValueError(f"{smaller} ({low}) must not be larger than {larger} ({high})")
