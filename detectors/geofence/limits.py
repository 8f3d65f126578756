"""What the rules of geofences go by."""

from datetime import timedelta
from typing import Final

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings.settings import BoundaryScores, ZoneClasses, ZoneScores

CROSSING_SCORES: Final = {"joint_area": 0.05, "sts_area": 0.05, "landing_place": 0.1}
DWELL_SCORES: Final = {"sts_area": 0.1, "landing_place": 0.25}
BOUNDARY_SCORES: Final = {
    "territorial_sea": 0.05,
    "exclusive_economic_zone": 0.03,
    "continental_shelf": 0.03,
}
STOP_SCORES: Final = {
    "tss_lane": 0.25,
    "separation_zone": 0.25,
    "precautionary_area": 0.15,
    "lane": 0.15,
}
AGAINST_SCORES: Final = {"tss_lane": 0.25, "lane": 0.15}
APPROACH_SCORES: Final = {"landing_place": 0.15}
STEP_S: Final = 120
"""Step of the time grid for conduct: a boat at 5 kn makes 300 m in it."""


class Limits(Detector):
    """The parameters of `geofence`."""

    crossing_scores: ZoneScores = CROSSING_SCORES
    """Zone classes whose crossings are events, with their score. Crossings are context for what
    happens after them, so the scores are low."""
    dwell_scores: ZoneScores = DWELL_SCORES
    """Zone classes in which a stay is an event, with its score. Ports and anchorages are left out,
    where staying is the rule."""
    boundary_scores: BoundaryScores = BOUNDARY_SCORES
    """Classes of boundary lines whose crossings are events, with their score."""
    stop_scores: ZoneScores = STOP_SCORES
    """Zone classes in which a stop, or the wrong direction, is an event, with its score: more where
    the lane is one of an adopted scheme, to which rule 10 applies."""
    against_scores: ZoneScores = AGAINST_SCORES
    """See `stop_scores`."""
    approach_scores: ZoneScores = APPROACH_SCORES
    """Zone classes an approach to which is an event, with its score."""
    min_outside_s: PositiveInt = 600
    """10 minutes outside end a visit, unless near its edge (`max_edge_m`)."""
    max_edge_m: float = Field(700.0, ge=0)
    """Within 700 m of the zone, heard all along, a visit goes on: a ship at anchor swings over an
    edge (in 18 stays of four tankers at anchor off Singapore the place changed by up to 621 m in 3
    h)."""
    max_edge_s: PositiveInt = 25_200
    """7 hours beyond the edge, more than the stream runs one way (6.2 h)."""
    min_inside_s: PositiveInt = 120
    """2 minutes inside make one: one position off by a few metres doesn't."""
    min_dwell_s: PositiveInt = 1800
    """30 minutes: long enough to land or take on something by boat."""
    max_silence_s: PositiveInt = 3600
    """1 hour, the longest silence over which a crossing is interpolated, and a stay, a stop or a
    way against a lane goes on."""
    min_beside_m: PositiveFloat = 926.0
    """Half a mile: treaty charts lie up to 0.2 nm off WGS84, and AIS positions are good to 10 m."""
    max_beside_s: PositiveInt = 21600
    """6 hours."""
    max_stop_kn: PositiveFloat = 2.0
    """2 knots made good: less than steerage way, no more than the tide of the Strait."""
    min_stop_s: PositiveInt = 1800
    """30 minutes: a pilot boards under way and in less."""
    excluded_classes: ZoneClasses = ("port", "anchorage", "sts_area", "waiting_area")
    """Zone classes in which a stop is nothing special; of transfer areas (`sts_area`) only the
    licensed ones."""
    min_against_kn: PositiveFloat = 5.0
    """Under way, and longer than giving way or overtaking takes: 20 minutes."""
    min_against_s: PositiveInt = 1200
    """See `min_against_kn`."""
    min_against_deg: float = Field(135.0, gt=90, le=180)
    """135 degrees: who crosses a lane does so at right angles (rule 10(c))."""
    min_approach_kn: PositiveFloat = 5.0
    """5 knots: under way."""
    max_landing_kn: PositiveFloat = 3.0
    """3 knots for 10 minutes: what it takes to feel one's way in."""
    min_landing_s: PositiveInt = 600
    """See `max_landing_kn`."""
    max_approach_s: PositiveInt = 3600
    """1 hour from the one to the other."""
    max_approach_length_m: PositiveFloat = 40.0
    """Longer vessels don't land on a beach; 40 m as for fast crossings (`crossing`)."""
    max_interruption_s: PositiveInt = 600
    """10 minutes."""

    @property
    def settle(self) -> timedelta:
        """Return how long after a crossing it takes at most to be sure of it."""
        outside_s = max(self.min_outside_s, self.max_edge_s)
        visit_s = self.max_silence_s + max(self.min_inside_s, outside_s)
        episode_s = self.max_silence_s + self.max_interruption_s + STEP_S
        return timedelta(seconds=max(visit_s, episode_s, self.max_beside_s))
