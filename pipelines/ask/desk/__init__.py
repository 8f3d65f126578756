"""The analyst's desk: what a notebook imports.

>>> from pipelines.ask import desk
>>> night = desk.night(desk.exercise())  # doctest: +SKIP
>>> night.flagged.head()  # doctest: +SKIP

It reads published snapshots, so a notebook may be open while a run is writing; only `conclude`
writes. Frames with places are GeoPandas frames in EPSG:4326, so that an analyst's own tools work.
"""

from pipelines.ask.desk.asking import (
    Backtest,
    Dossier,
    Operation,
    backtest,
    conclude,
    exercise,
    find,
    looks,
    night_with,
    operation,
    related,
    vessel,
)
from pipelines.ask.desk.kept import Kept, kept
from pipelines.ask.desk.night import Night, night
from pipelines.ask.desk.shared import Shared, shared
from pipelines.ask.desk.told import Told, table
from pipelines.ask.desk.verdicts import Verdicts, verdicts

__all__ = [
    "Backtest",
    "Dossier",
    "Kept",
    "Night",
    "Operation",
    "Shared",
    "Told",
    "Verdicts",
    "backtest",
    "conclude",
    "exercise",
    "find",
    "kept",
    "looks",
    "night",
    "night_with",
    "operation",
    "related",
    "shared",
    "table",
    "verdicts",
    "vessel",
]
