"""The detectors: a functional core of frames in, events out.

The catalogue finds detectors by looking into this folder: one module or package, one detector of
the same name. What they share stands below them: `hypotheses`, `vessels`, `surroundings`,
`kinematics`, `core`, in this order. Nothing heavy is imported until a detector is asked for, so
that a command's help is instant.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from detectors.core.errors import ConfigError

if TYPE_CHECKING:
    from detectors.core.detector import Detector
    from detectors.core.hypothesis import Hypothesis


SHARED: Final = frozenset({"core", "kinematics", "surroundings", "vessels", "hypotheses"})
"""Packages in this folder that are no detectors."""


@cache
def names() -> tuple[str, ...]:
    """Return the names of all detectors, in alphabetical order.

    >>> "gap" in names()
    True
    """
    return tuple(sorted({m.name for m in pkgutil.iter_modules(__path__)} - SHARED))


@cache
def find(name: str) -> "type[Detector]":
    """Return the detector class of that name, which its module or package makes known.

    Raises ConfigError if there is no such detector.
    """
    from detectors.core.detector import Detector

    if name not in names():
        raise ConfigError(f"no detector is called {name!r}", hint=f"known: {', '.join(names())}")
    module = importlib.import_module(f"detectors.{name}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Detector)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
    ]
    if len(found) != 1 or found[0].name != name:
        raise ConfigError(f"detectors.{name} must give one detector named {name!r}")
    return found[0]


def reasons_of(name: str) -> "tuple[Hypothesis, ...]":
    """Return the innocent reasons that a detector knows.

    They are data in `hypotheses`: to tell them takes nothing of what the detector computes with.
    """
    table = f"{__name__}.hypotheses.{name}"
    if importlib.util.find_spec(table) is None:
        return find(name).hypotheses
    reasons: tuple[Hypothesis, ...] = importlib.import_module(table).HYPOTHESES
    return reasons


def build(
    config: Mapping[str, Mapping[str, Any]], where: str = "detectors.yaml"
) -> "list[Detector]":
    """Return detectors made from their configuration blocks, but those with ``enabled: false``.

    `where` is what is to be changed where a value is wrong, as the message begins.

    Raises ConfigError if a block names no detector, or a parameter is unknown or out of range.
    """
    from pydantic import ValidationError

    built = []
    for name, block in config.items():
        parameters = dict(block or {})
        if not parameters.pop("enabled", True):
            continue
        try:
            built.append(find(name)(**parameters))
        except ValidationError as error:
            first = error.errors()[0]  # a check across parameters names none of them
            place = ".".join(map(str, (name, *first["loc"])))
            said = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"{where}, {place}: {said}") from error
    if not built:
        raise ConfigError("detectors.yaml enables no detector", hint=f"known: {', '.join(names())}")
    return built
