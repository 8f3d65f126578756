"""Relations by which a detector says whose positions a vessel's events rest on.

It is a closed list: `pipelines.detect.nearness` works out from it whose reports are read for whom,
and the tests who must be looked at together. A relation may name more vessels than matter, never
fewer.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Own:
    """The vessel itself. Every detector rests on that; it stands alone where there is no more."""


@dataclass(frozen=True)
class Reported:
    """Where a vessel said that it was."""


@dataclass(frozen=True)
class Along:
    """Where a vessel was along its tracks."""

    step_s: int
    max_silence_s: float
    """At each tick of an absolute grid, between reports no further apart than that."""
    below_kn: float = inf
    """Only where it was slower than that over the step that follows, by its positions."""
    pause_s: float = 0.0
    """And no longer than this before or after such a tick."""


@dataclass(frozen=True)
class Edges:
    """Where a vessel was next to a silence."""

    n_reports: int
    """So many of its reports at each."""
    min_silence_s: float
    """At least so long: what is before the first and after the last report counts as longer."""
    before: bool
    """Whether they are those before a silence, at the end of a stretch, or else after it."""


Places = Reported | Along | Edges
"""Which places of a vessel a relation is about."""


@dataclass(frozen=True)
class Near:
    """Vessels that were near at about the same time."""

    within_m: float
    within_s: float
    """How near to the vessel, and at how different a time."""
    own: Places
    others: Places
    """Where the vessel, and where the others were."""
    around_s: float = inf
    """What they sent longer than that before or after they were near doesn't matter; by default it
    does. No shorter than the silences that `own` and `others` go through."""
    mutual: bool = False
    """Whether those to whom the vessel is near count too."""
    hop: "Near | None" = None
    """Ask it of the vessels that are near by that relation too, not of the vessel alone."""
    ending_s: float | None = None
    """Where it only tells what lay around the vessel's events, which are the same without: who was
    near in so long before one ends matters, and no earlier than it began. None where others make or
    unmake events."""


@dataclass(frozen=True)
class LastNear:
    """Vessels that had ever been near a place of one whose positions leap.

    When another's positions leap too, where it was last counts, however long before that was.
    """

    within_m: float
    """How near."""
    leap_m: float
    """Positions leap where a further track begins, where a report was set aside as impossible,
    isn't where speed and course lead, or is so much further than the vessel can have gone."""


@dataclass(frozen=True)
class StatedAlike:
    """Vessels that said the same of themselves, or alike, on one UTC date."""

    fields: tuple[str, ...]
    """In which of `name`, `callsign` and `imo`."""
    min_said_s: float
    memory_s: float
    settle_s: float
    """As of `vessels.statement.Memory`."""


@dataclass(frozen=True)
class EventsOf:
    """Vessels that take part in events of some detectors."""

    detectors: tuple[str, ...]
    """Their names, each also in `Detector.after`."""
    shared: bool = False
    """Only those that take part in an event together with the vessel; else all who take part in
    any."""
    reports: bool = True
    """Whether what they sent matters too, or else no more than these events."""


@dataclass(frozen=True)
class SightingsWithin:
    """Vessels that may have been what was sighted, all of them together."""

    max_silence_s: float
    still_mps: float
    between_share: float
    beyond_share: float
    clock_error_s: float
    """How far they can have been from where they were heard: as of `vessels.association.Motion`."""
    shift_s: float
    """So many seconds of its way a vessel may be displaced in a sighting."""


@dataclass(frozen=True)
class All:
    """Anybody."""


Relation = Own | Near | LastNear | StatedAlike | EventsOf | SightingsWithin | All
