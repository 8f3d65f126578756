"""What a possible meeting is made of: silences, loiterings, and the pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.core.evidence import Evidence
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.kinematics.prism import Prisms

SLOW_KN: Final = 6.0
"""A vessel that lay still before its silence is taken to have gone as fast as this in it."""
SHARE_WORTH: Final = 0.5
"""Weight of two that can have been together all the time, side by side."""


@dataclass(frozen=True)
class Story:
    """An event of another detector: its row, its span, and what it is worth."""

    row: dict[str, Any]
    start_us: int
    end_us: int

    @property
    def facts(self) -> Evidence:
        """Its evidence."""
        found: Evidence = self.row["evidence"]
        return found

    @property
    def mmsi(self) -> int:
        """The vessel."""
        return int(self.row["mmsi"])

    @property
    def track(self) -> int:
        """Its track."""
        return int(self.row["track_ids"])

    @property
    def score(self) -> float:
        """Return what the event scores, explanations included."""
        return float(self.row["score"])

    @property
    def explanation(self) -> str:
        """Its innocent reason, if any."""
        return str(self.row["explanation"])

    def told(self, prefix: str) -> dict[str, Any]:
        """Return what evidence says of it, each name behind a prefix."""
        raise NotImplementedError


@dataclass(frozen=True)
class Silence(Story):
    """A gap: where it began and ended, and how fast the vessel can have gone.

    `until_us` is its end, or now while it is open; `next_lat`, `next_lon` NaN then.
    """

    until_us: int
    lat: float
    lon: float
    next_lat: float
    next_lon: float
    mps: float

    @property
    def usual_mps(self) -> float:
        """Return how fast it goes if it goes as before, or slowly if it lay still."""
        return max(float(self.facts.get("speed_before_kn") or 0.0), SLOW_KN) * geodesy.KNOT_MPS

    @property
    def lost_s(self) -> float:
        """Return how much longer it took than its way at its speed before; NaN unless it was under
        way.
        """
        speed_kn = self.facts.number("speed_before_kn")
        if not speed_kn >= SLOW_KN:
            return np.nan
        lasted_s = (self.until_us - self.start_us) / SECOND_US
        return float(lasted_s - self._apart_m / (speed_kn * geodesy.KNOT_MPS))

    @property
    def _apart_m(self) -> float:
        return float(geodesy.distance_m(self.lat, self.lon, self.next_lat, self.next_lon))

    def told(self, prefix: str) -> dict[str, Any]:
        """Return what evidence says of it."""
        return {
            f"{prefix}story": "gap",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}silent_s": (self.until_us - self.start_us) / SECOND_US,
            f"{prefix}reach_kn": self.mps / geodesy.KNOT_MPS,
            f"{prefix}apart_m": self._apart_m,
            f"{prefix}lost_s": self.lost_s,
            f"{prefix}ais_class": self.facts.get("ais_class", ""),
            f"{prefix}last_report_source": self.facts.get("last_report_source", ""),
        }


def prisms_of(silences: Sequence[Silence]) -> Prisms:
    """Return silences as columns."""
    names = Prisms.__dataclass_fields__
    return Prisms(**{name: np.array([getattr(s, name) for s in silences]) for name in names})


@dataclass(frozen=True)
class Loitering(Story):
    """A loitering."""

    def told(self, prefix: str) -> dict[str, Any]:
        """Return what evidence says of it."""
        return {
            f"{prefix}story": "loitering",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}ais_class": self.facts.get("ais_class", ""),
            f"{prefix}first_report_source": self.facts.get("first_report_source", ""),
        }


@dataclass(frozen=True)
class Meetings:
    """Pairs as columns: a silence each, and another or a loitering.

    `first` is the row of the silence that a pair belongs to: of two the one that was heard again
    last. `share` is that of the time of both that they can have been together, or of the time that
    both lost. `status` is a loiterer's navigation status then, `spare_s` the time that the silent
    vessel had to spare, of two the shorter that one lost, `agreement` how far two silences overlap,
    `chance` how likely it is that another one agrees as well; 15, NaN, 0 and 1 where that isn't
    asked.
    """

    first: Ints
    second: Ints
    begin_us: Ints
    end_us: Ints
    both_s: Floats
    longest_s: Floats
    share: Floats
    area_km2: Floats
    lat: Floats
    lon: Floats
    status: Ints
    spare_s: Floats
    agreement: Floats
    chance: Floats

    def tightness(self, tight_area_km2: float) -> Floats:
        """Return how little they had to look for one another, going by the area alone."""
        return np.asarray(1.0 / np.sqrt(1.0 + self.area_km2 / tight_area_km2))

    def weight(self, tightness: Floats, min_meeting_s: float) -> Floats:
        """Return the weights; see the notes of the detector."""
        weight = SHARE_WORTH * self.share * (1.0 - (1.0 - tightness) * self.chance)
        spare = np.nan_to_num(np.clip(self.spare_s / min_meeting_s, 0.0, 1.0), nan=1.0)
        return np.asarray(weight * (0.5 + 0.5 * spare))

    def rows(self, at: Ints) -> "Meetings":
        """Return some rows."""
        return Meetings(*(values[at] for values in vars(self).values()))


@dataclass(frozen=True)
class Meeting:
    """A pair that is an event, the lower MMSI first, and what was found."""

    one: Story
    other: Story
    start_us: int
    end_us: int
    both_s: float
    longest_s: float
    share: float
    area_km2: float
    agreement: float
    chance: float
    weight: float
    alongside: float
    place: tuple[float, float]
    status: int
    spare_s: float

    @property
    def with_loiterer(self) -> bool:
        """Tell whether one of them loitered."""
        return isinstance(self.one, Loitering) or isinstance(self.other, Loitering)


def told_apart(
    meetings: Meetings,
    weight: Floats,
    alongside: Floats,
    silences: Sequence[Silence],
    others: Sequence[Story],
) -> list[Meeting]:
    """Return pairs one by one, with how likely each was alongside."""
    found = []
    for k, (i, j) in enumerate(zip(meetings.first.tolist(), meetings.second.tolist(), strict=True)):
        low, high = sorted((silences[i], others[j]), key=lambda story: (story.mmsi, story.track))
        found.append(
            Meeting(
                low,
                high,
                int(meetings.begin_us[k]),
                int(meetings.end_us[k]),
                float(meetings.both_s[k]),
                float(meetings.longest_s[k]),
                float(meetings.share[k]),
                float(meetings.area_km2[k]),
                float(meetings.agreement[k]),
                float(meetings.chance[k]),
                float(weight[k]),
                float(alongside[k]),
                (float(meetings.lat[k]), float(meetings.lon[k])),
                int(meetings.status[k]),
                float(meetings.spare_s[k]),
            )
        )
    return found
