"""What the rules of mother ships go by."""

from datetime import timedelta

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import sun


class Limits(Detector):
    """The parameters of `mother_ship`."""

    max_visitor_m: PositiveFloat = 30.0
    """30 m and 1.5: fishing boats and launches of the Strait are 10 to 30 m long."""
    min_size_ratio: PositiveFloat = 1.5
    """See `max_visitor_m`."""
    min_planing_kn: PositiveFloat = 15.0
    """15 kn over the ten minutes before: who comes so fast planes, whatever length it states (see
    `encounter.company.FAST_KN`)."""
    max_visit_s: PositiveInt = 10_800
    """3 hours: a boat comes, hands over and leaves; what stays longer is a raft or a tow."""
    max_wait_s: PositiveInt = 21_600
    """6 hours between two visits: within one night."""
    max_move_m: PositiveFloat = 9260.0
    """5 nm: a vessel that drifts at 0.5 kn moves 3 nm in 6 hours."""
    max_explained_weight: float = Field(0.65, ge=0, le=1)
    """0.65: pilots, tugs, bunker barges and official craft come to ships for good reasons. That a
    boat on its own would pass for a launch ("launch service", 0.6) is no such reason: whether
    several launches in a row are usual is what this detector's own explanations weigh."""
    min_visitors: int = Field(2, ge=2)
    """2 different craft."""
    min_boat_visitors: int = Field(3, ge=2)
    """3 where a boat (class B) waits and none of them planes: boats of one ground lie together by
    twos to talk or to share bait. On eight nights of two simulators three came so to a planted host
    alone, and two to a patrol craft."""
    max_sun_altitude_deg: float = Field(sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    """-6, the end of civil twilight, and 2 hours, what a loitering takes."""
    min_dark_s: PositiveInt = 7200
    """See `max_sun_altitude_deg`."""
    max_landing_m: PositiveFloat = 9260.0
    """5, 6 and 2 nm: half an hour for a boat at 10 to 12 kn."""
    max_coast_m: PositiveFloat = 11_112.0
    """See `max_landing_m`."""
    min_anchorage_m: PositiveFloat = 3704.0
    """See `max_landing_m`."""
    near_land_m: PositiveFloat = 300.0
    """300 m: a berth or a village's jetty, to which boats come home."""
    min_waiting_kn: PositiveFloat = 3.0
    """3 kn: slower it waits; who comes to it was faster."""
    settle_s: PositiveInt = 10_800
    """3 hours: a loitering is settled 2 h 50 min after its end, a meeting sooner."""

    @property
    def settle(self) -> timedelta:
        """Tell whether a loitering or a meeting is over may show up to so much later."""
        return timedelta(seconds=self.settle_s)
