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
    """Where a vessel was along its tracks.

    Attributes
    ----------
    step_s, max_silence_s
        At each tick of an absolute grid, between reports no further apart than that.
    below_kn
        Only where it was slower than that over the step that follows, by its positions.
    pause_s
        And no longer than this before or after such a tick.
    """

    step_s: int
    max_silence_s: float
    below_kn: float = inf
    pause_s: float = 0.0


@dataclass(frozen=True)
class Edges:
    """Where a vessel was next to a silence.

    Attributes
    ----------
    n_reports
        So many of its reports at each.
    min_silence_s
        At least so long: what is before the first and after the last report counts as longer.
    before
        Whether they are those before a silence, at the end of a stretch, or else after it.
    """

    n_reports: int
    min_silence_s: float
    before: bool


Places = Reported | Along | Edges
"""Which places of a vessel a relation is about."""


@dataclass(frozen=True)
class Near:
    """Vessels that were near at about the same time.

    Attributes
    ----------
    within_m, within_s
        How near to the vessel, and at how different a time.
    own, others
        Where the vessel, and where the others were.
    around_s
        What they sent longer than that before or after they were near doesn't matter; by default
        it does. No shorter than the silences that `own` and `others` go through.
    mutual
        Whether those to whom the vessel is near count too.
    hop
        Ask it of the vessels that are near by that relation too, not of the vessel alone.
    ending_s
        Where it only tells what lay around the vessel's events, which are the same without: who was
        near in so long before one ends matters, and no earlier than it began. None where others
        make or unmake events.
    """

    within_m: float
    within_s: float
    own: Places
    others: Places
    around_s: float = inf
    mutual: bool = False
    hop: "Near | None" = None
    ending_s: float | None = None


@dataclass(frozen=True)
class LastNear:
    """Vessels that had ever been near a place of one whose positions leap.

    When another's positions leap too, where it was last counts, however long before that was.

    Attributes
    ----------
    within_m
        How near.
    leap_m
        Positions leap where a further track begins, where a report was set aside as impossible,
        isn't where speed and course lead, or is so much further than the vessel can have gone.
    """

    within_m: float
    leap_m: float


@dataclass(frozen=True)
class StatedAlike:
    """Vessels that said the same of themselves, or alike, on one UTC date.

    Attributes
    ----------
    fields
        In which of `name`, `callsign` and `imo`.
    min_said_s, memory_s, settle_s
        As of `vessels.statement.Memory`.
    """

    fields: tuple[str, ...]
    min_said_s: float
    memory_s: float
    settle_s: float


@dataclass(frozen=True)
class EventsOf:
    """Vessels that take part in events of some detectors.

    Attributes
    ----------
    detectors
        Their names, each also in `Detector.after`.
    shared
        Only those that take part in an event together with the vessel; else all who take part in
        any.
    reports
        Whether what they sent matters too, or else no more than these events.
    """

    detectors: tuple[str, ...]
    shared: bool = False
    reports: bool = True


@dataclass(frozen=True)
class SightingsWithin:
    """Vessels that may have been what was sighted, all of them together.

    Attributes
    ----------
    max_silence_s, still_mps, between_share, beyond_share, clock_error_s
        How far they can have been from where they were heard: as of `vessels.association.Motion`.
    shift_s
        So many seconds of its way a vessel may be displaced in a sighting.
    """

    max_silence_s: float
    still_mps: float
    between_share: float
    beyond_share: float
    clock_error_s: float
    shift_s: float


@dataclass(frozen=True)
class All:
    """Anybody."""


Relation = Own | Near | LastNear | StatedAlike | EventsOf | SightingsWithin | All
