"""Types and checks that the parameters of several detectors share."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from detectors.surroundings.boundaries import BOUNDARY_CLASSES
from detectors.surroundings.zones import check_class


def _one_of(known: Sequence[str], what: str) -> AfterValidator:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"no {what} is called {name!r}; known: {', '.join(known)}")
        return name

    return AfterValidator(check)


def _zone_class(name: str) -> str:
    check_class(name)
    return name


ZoneClass = Annotated[str, AfterValidator(_zone_class)]
"""The name of a zone class, known or a user's own; see `zones.check_class`."""

ZoneClasses = tuple[ZoneClass, ...]
"""Names of zone classes."""

Score = Annotated[float, Field(ge=0.0, le=1.0)]
"""A score, 0 to 1."""

ZoneScores = Mapping[ZoneClass, Score]
"""A score for each of some zone classes."""

BoundaryScores = Mapping[Annotated[str, _one_of(BOUNDARY_CLASSES, "class of boundaries")], Score]
"""A score for each of some classes of boundary lines."""


def classes_read(model: BaseModel) -> set[str]:
    """Return the zone classes that a detector's parameters name: `ZoneClasses`, `ZoneScores`."""
    kinds = (ZoneClasses, ZoneScores)
    fields = type(model).model_fields.items()
    return {
        zone_class
        for name, field in fields
        if field.annotation in kinds
        for zone_class in getattr(model, name)
    }


def at_most(model: BaseModel, smaller: str, larger: str) -> None:
    """Check one parameter of a model against another.

    Raises ValueError if the first is larger than the second.
    """
    low, high = getattr(model, smaller), getattr(model, larger)
    if low > high:
        raise ValueError(f"{smaller} ({low}) must not be larger than {larger} ({high})")
