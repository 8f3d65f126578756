"""What a run hands to the exporters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pandas as pd

from detectors.core import frames
from pipelines.base.marks import Mark

if TYPE_CHECKING:
    from detectors.surroundings.zones import Zones
    from pipelines.patrol.model import Plan


DRAWN: Final = ("mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "heading_deg", "track_id")
"""What of `frames.TRACKED` products show."""

_DRAWN: Final = {name: frames.TRACKED[name] for name in DRAWN}
R = TypeVar("R")


def with_marks(frame: pd.DataFrame, marks: Sequence[Mark]) -> pd.DataFrame:
    """Return a frame with the columns of `schemas.MARKS`, from a mark for each row."""
    return frame.assign(
        tlp=pd.Series([str(m.tlp) for m in marks], frame.index, dtype="str"),
        rel=pd.Series([m.rel_text for m in marks], frame.index, dtype="str"),
    )


@dataclass(frozen=True)
class Release:
    """What products for one recipient say of themselves."""

    recipient: str
    title: str
    """Name in `config/recipients.yaml`, and who it is."""
    mark: Mark
    """The strictest mark of what is in the products."""
    track_marks: Mapping[int, Mark]
    """Mark of each track by track_id."""
    stale_after: pd.Timestamp
    """When the products are out of date, UTC."""
    language: str
    """Of the labels."""


@dataclass(frozen=True)
class Planned:
    """A patrol plan as its files tell it."""

    plan: "Plan"
    """The plan."""
    mark: Mark | None = None
    """Of the whole plan, where it is a recipient's; every row of it rests on all of it."""
    language: str = "en"
    """Of the labels."""

    @property
    def marks(self) -> dict[str, str]:
        """Return what every row of it carries of its mark; nothing where it has none."""
        return {} if self.mark is None else self.mark.fields


@dataclass(frozen=True)
class Concluded:
    """What people had concluded when a brief was written."""

    upto: pd.Timestamp
    """Up to when conclusions were looked up, UTC."""
    said: Mapping[str, str]
    """In words, by incident id."""
    closed: frozenset[str]
    answered: frozenset[str]
    watching: frozenset[str]
    """Ids of events that a conclusion closes, of those with one that leaves them open, and of these
    those that somebody watches."""
    areas_changed: tuple[str, ...] = ()
    """Files of areas that changed since the run: maps draw them as they are now."""


@dataclass(frozen=True)
class Products:
    """One run's results, as every exporter gets them."""

    run_id: str
    start: pd.Timestamp
    end: pd.Timestamp
    """The run and its window, UTC."""
    simulated: bool
    """Whether the data are an exercise; every product says so."""
    events: pd.DataFrame
    """`events.EVENTS` plus `status` (created|changed|unchanged|retracted|not_assessed) and `reason`
    (the sentence that tells a sailor why)."""
    flagged: pd.DataFrame
    """`FLAGGED`."""
    parts: pd.DataFrame
    """`PARTS`."""
    incidents: pd.DataFrame
    """`INCIDENTS`."""
    tracks: pd.DataFrame
    """`DRAWN` of the flagged vessels (and their partners) over the window."""
    vessels: pd.DataFrame
    """`frames.VESSELS`."""
    zones: "Zones"
    """Zones and land, for maps."""
    manifest: Mapping[str, Any]
    """What `manifest.json` holds."""
    earlier: pd.DataFrame = field(default_factory=lambda: frames.empty(_DRAWN))
    """The same of vessels of incidents that began before the window, up to it: maps show it."""
    heard_since: Mapping[tuple[int, pd.Timestamp], int] = field(default_factory=dict)
    """Under which number the hull of a silence, by its own number and start, is heard since, where
    an earlier night tells of that; what `events` tell is known without."""
    release: Release | None = None
    """For whom, where the products are a recipient's: `events`, `flagged`, `parts` and `incidents`
    then have the columns of `MARKS` too."""
    planned: Planned | None = None
    """The patrol plan, where its recipient gets one."""
    concluded: Concluded | None = None
    """What people concluded, where the products are told beside it: never in those of a recipient,
    nor in a run's own, which are written before anybody has seen them."""
    _worked_out: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def language(self) -> str:
        """Return the language of the labels: the recipient's, else English."""
        return self.release.language if self.release else "en"


def once(work_out: Callable[[Products], R]) -> Callable[[Products], R]:
    """Have what several products of a run are made from worked out for the first of them alone.

    It is handed to all, so nobody may change it. What is made by `dataclasses.replace` of a run's
    results starts anew.
    """
    name = f"{work_out.__module__}.{work_out.__qualname__}"

    @wraps(work_out)
    def worked_out(products: Products) -> R:
        known = products._worked_out
        if name not in known:
            known[name] = work_out(products)
        found: R = known[name]
        return found

    return worked_out
