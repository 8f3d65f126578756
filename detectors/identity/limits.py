"""What the rules of identity go by."""

from datetime import timedelta

from pydantic import PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.kinematics import track_ends
from detectors.vessels import statement


class Limits(Detector):
    """The parameters of `identity`.

    Parameters
    ----------
    min_silence_s
        1 hour: an end or a beginning of a stretch of track.
    max_pause_s, max_clock_s
        30 minutes between the two, for entering new data into the set; 5 minutes by which clocks
        of two receivers may differ, so that both may seem to be heard at once.
    min_before_s, min_after_s, min_reports, max_thin_s, min_ended_s
        20 and 10 minutes; 6 reports within 90 minutes, as at 10 minutes of which a third is lost;
        at the end of the data, 10 minutes since the end of a track and six of its intervals, before
        it counts as ended.
    min_speed_kn
        3 kn: what lies still has no course to be carried on.
    max_miss_m, max_miss_ratio, max_course_change_deg, max_speed_change_kn
        500 m and 12 % of the way, 75 degrees, 2.5 kn: ships following one another in the lanes of
        the Strait keep half a mile and more.
    min_hulls_s, min_switches, max_interruption_s
        15 minutes, 6 switches, 6 hours: as long as verdicts look around (`integrity.settling`),
        so that two hulls that are heard by turns are one event.
    max_copy_spread_m, min_copy_moved_m
        300 m and 2000 m, as of the detector spoofing: see `kinematics.copies.judge`.
    min_said_s, memory_s, static_interval_s
        15 minutes: static data are sent every 6 minutes (ITU-R M.1371-5, annex 1, 4.2.1), so it
        was said twice or three times; 12 hours; 12 minutes, two such intervals.
    max_together_m, max_transit_kn
        2 km between two sets of one ship, clocks and sizes allowed for; 40 kn.
    min_ship_m
        50 m: the smallest length at which most ships have an IMO number (100 GT, IMO resolution
        A.1117(30)).
    """

    min_silence_s: PositiveInt = 3600
    max_pause_s: PositiveInt = 1800
    max_clock_s: PositiveInt = 300
    min_before_s: PositiveInt = 1200
    min_after_s: PositiveInt = 600
    min_ended_s: PositiveInt = 600
    min_reports: PositiveInt = 6
    max_thin_s: PositiveInt = 5400
    min_speed_kn: PositiveFloat = 3.0
    max_miss_m: PositiveFloat = 500.0
    max_miss_ratio: PositiveFloat = 0.12
    max_course_change_deg: PositiveFloat = 75.0
    max_speed_change_kn: PositiveFloat = 2.5
    min_hulls_s: PositiveInt = 900
    min_switches: PositiveInt = 6
    max_interruption_s: PositiveInt = 21_600
    max_copy_spread_m: PositiveFloat = 300.0
    min_copy_moved_m: PositiveFloat = 2000.0
    min_said_s: PositiveInt = 900
    memory_s: PositiveInt = 43_200
    static_interval_s: PositiveInt = 720
    max_together_m: PositiveFloat = 2000.0
    max_transit_kn: PositiveFloat = 40.0
    min_ship_m: PositiveFloat = 50.0

    @property
    def settle(self) -> timedelta:
        """Until then a track may go on, a better match of an end or beginning turn up, or two hulls
        take turns again.
        """
        return timedelta(seconds=max(self.matched_s, self.max_interruption_s))

    @property
    def matched_s(self) -> int:
        """How long after an end or beginning its match is awaited."""
        return self.min_silence_s + self.max_pause_s

    @property
    def memory(self) -> statement.Memory:
        """How long what was said is remembered."""
        return statement.Memory(self.min_said_s, self.memory_s, float(self.matched_s))

    @property
    def motion(self) -> track_ends.Limits:
        """What a hand-over is held against."""
        names = track_ends.Limits.__dataclass_fields__
        return track_ends.Limits(**{name: getattr(self, name) for name in names})
