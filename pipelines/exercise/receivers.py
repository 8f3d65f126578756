"""The receivers in one exercise: their clocks, their breakdowns, and the satellites overhead."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from pipelines.exercise.geography import STATIONS

Span = tuple[float, float]

SATELLITE: Final = len(STATIONS)
"""The row of the satellites, after the stations."""
SATELLITE_CODE: Final = "SAT"
PASS_INTERVAL_S: Final = (60 * 60.0, 100 * 60.0)
"""Between passes: an AIS satellite's orbit takes some 100 min, and a few share the work."""
PASS_S: Final = (6 * 60.0, 12 * 60.0)
"""How long one is in sight."""
SATELLITE_HEARING: Final = 0.3
"""Share of class A reports a satellite picks out where few ships send …"""
SATELLITE_HEARING_CROWDED: Final = 0.01
"""… and where many do, whose messages collide in a footprint of thousands of miles."""
SATELLITE_CLASS_B: Final = 0.1
"""Share of these for class B, with a sixth of the power and fewer reports."""
DENSE_INTERVAL_S: Final = (10 * 60.0, 60 * 60.0)
"""Between the passes of a constellation that alone hears a night."""
DENSE_PASS_S: Final = (2 * 60.0, 5 * 60.0)
DENSE_HEARING: Final = (0.7, 0.7, 0.8)
"""Of such a pass most ships get a report or two into the feed, small ones too."""
_SOUND_CLOCK_S: Final = 1.5
_POOR_CLOCK_S: Final = 45.0
_POOR_CLOCKS: Final = 0.15
_BAD_CLOCK_S: Final = (90.0, 270.0)


@dataclass(frozen=True)
class FalseFix:
    """A report or two of an actor (its row) from a time on that are off by as much, and no more."""

    actor: int
    at: float
    reports: int
    north_m: float
    east_m: float


@dataclass(frozen=True)
class Copy:
    """A span of an actor's track of which a share comes a second time, dated later."""

    actor: int
    start: float
    end: float
    late_s: float
    share: float


@dataclass(frozen=True)
class Faults:
    """What is wrong with the reports of an exercise, beside the receivers' constant errors."""

    fixes: tuple[FalseFix, ...] = ()
    copies: tuple[Copy, ...] = ()
    """False fixes, and copies of tracks shifted in time."""
    stamped_late: tuple[tuple[int, Span, float], ...] = ()
    """Row in `STATIONS`, span, and by how much it dates what it hears wrong meanwhile."""
    misdated: float = 0.0
    """Share of all receptions dated wrong by minutes, most of them when they were delivered."""


@dataclass(frozen=True)
class Receivers:
    """Their condition."""

    clock_error_s: Floats = field(default_factory=lambda: np.zeros(len(STATIONS) + 1))
    """By row of `STATIONS`, then the satellites: added to the true time in tag blocks."""
    outages: tuple[tuple[int, Span], ...] = ()
    """Row in `STATIONS` and span in which it hears nothing."""
    feed_outages: tuple[Span, ...] = ()
    """Spans of which nothing reaches the feed."""
    passes: tuple[Span, ...] = ()
    """Spans in which a satellite is overhead."""
    heard_above: tuple[float, float, float] = (
        SATELLITE_HEARING,
        SATELLITE_HEARING_CROWDED,
        SATELLITE_CLASS_B,
    )
    """Share that it hears of class A where few ships send, where many do, and of class B."""

    @classmethod
    def draw(cls, rng: np.random.Generator, t0: float, t1: float) -> "Receivers":
        """Clocks and satellites of an exercise; nothing is broken yet.

        Most clocks are right to a second or two, some 15 % to 45 s, and one is minutes off.
        """
        n = len(STATIONS)
        error_s = rng.normal(0.0, _SOUND_CLOCK_S, n)
        poor = rng.random(n) < _POOR_CLOCKS
        error_s[poor] = rng.uniform(-_POOR_CLOCK_S, _POOR_CLOCK_S, int(poor.sum()))
        error_s[rng.integers(n)] = rng.uniform(*_BAD_CLOCK_S) * rng.choice((-1.0, 1.0))
        starts = t0 + np.cumsum(rng.uniform(*PASS_INTERVAL_S, int((t1 - t0) / 3600.0) + 2))
        passes = [(float(s), float(s + rng.uniform(*PASS_S))) for s in starts if s < t1]
        return cls(np.r_[np.round(error_s), 0.0], passes=tuple(passes))

    def broken(self, outages: tuple[tuple[int, Span], ...]) -> "Receivers":
        """Return the same with these stations down."""
        return replace(self, outages=(*self.outages, *outages))

    def from_space_only(self, rng: np.random.Generator, t0: float, t1: float) -> "Receivers":
        """Let no station hear anything, and satellites pass every 10-60 min.

        As in waters that no station reaches: of each ship a report or two at a pass.
        """
        every_s = rng.uniform(*DENSE_INTERVAL_S, int((t1 - t0) / DENSE_INTERVAL_S[0]) + 2)
        starts = t0 + np.cumsum(every_s) - every_s[0]
        passes = [(float(s), float(s + rng.uniform(*DENSE_PASS_S))) for s in starts if s < t1]
        always = tuple((station, (t0 - 1.0, t1 + 1.0)) for station in range(len(STATIONS)))
        return replace(self, outages=always, passes=tuple(passes), heard_above=DENSE_HEARING)

    def works(self, t: Floats) -> NDArray[np.bool_]:
        """Tell whether each station hears and reaches the feed at each time, shape (n,
        stations).
        """
        up = np.ones((len(t), len(STATIONS)), bool)
        for station, (start, end) in self.outages:
            up[:, station] &= (t < start) | (t >= end)
        return np.asarray(up & self.delivers(t)[:, None])

    def delivers(self, t: Floats) -> NDArray[np.bool_]:
        """Tell whether anything reaches the feed at each time."""
        return ~_within(t, self.feed_outages)

    def overhead(self, t: Floats) -> NDArray[np.bool_]:
        """Tell whether a satellite is in sight at each time."""
        return _within(t, self.passes)


def _within(t: Floats, spans: tuple[Span, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(len(t), bool)
    for start, end in spans:
        inside |= (t >= start) & (t < end)
    return inside
