"""What the rules of identity go by."""

from datetime import timedelta

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.kinematics import track_ends
from detectors.vessels import statement


class Limits(Detector):
    """The parameters of `identity`."""

    min_silence_s: PositiveInt = 3600
    """1 hour: an end or a beginning of a stretch of track."""
    max_pause_s: PositiveInt = 1800
    """30 minutes between the two, for entering new data into the set; 5 minutes by which clocks of
    two receivers may differ, so that both may seem to be heard at once."""
    max_clock_s: PositiveInt = 300
    """See `max_pause_s`."""
    min_before_s: PositiveInt = 1200
    """20 and 10 minutes; 6 reports within 90 minutes, as at 10 minutes of which a third is lost; at
    the end of the data, 10 minutes since the end of a track and six of its intervals, before it
    counts as ended."""
    min_after_s: PositiveInt = 600
    """See `min_before_s`."""
    min_ended_s: PositiveInt = 600
    """See `min_before_s`."""
    min_reports: PositiveInt = 6
    """See `min_before_s`."""
    max_thin_s: PositiveInt = 5400
    """See `min_before_s`."""
    max_pass_pause_s: PositiveInt = 7200
    """2 hours; 3 hours: one set may be switched off for so long before the other is switched on, or
    a satellite or two miss a vessel where the whole feed comes by their passes, a quarter to a
    whole hour apart; there 4 reports within 3 hours will do. Meanwhile, and for 3 hours on either
    side, only one of the numbers is heard. On 12 simulated nights heard by satellite some 50 tracks
    began and 50 ended a night; of the pairs within all other limits five were one ship, silent for
    3.1 hours (to the end of the night) to 10.6, and four were chance, silent for 1.3 to 3.6 hours.
    Of 36 real ships that were given another number after 33 to 124 minutes 33 are found; on 12
    nights heard by stations two pairs of others were within all other limits, turned by 134
    degrees, with more that fit, and none is told. No further apart than after a short pause,
    41 nm: of two hours who made more than 20 knots isn't found."""
    min_pass_reports: PositiveInt = Field(4, ge=2)
    """See `max_pass_pause_s`."""
    max_pass_thin_s: PositiveInt = 10_800
    """See `max_pass_pause_s`."""
    min_pass_silence_s: PositiveInt = 10_800
    """See `max_pass_pause_s`."""
    min_speed_kn: PositiveFloat = 3.0
    """3 kn: what is slower lies, or drifts with the stream, and has no course to be carried on."""
    min_lying: PositiveInt = 6
    """As of `loitering`: where so many lay at once within a mile or so in the day before is a berth
    or an anchorage, at which sets go off and on."""
    max_miss_m: PositiveFloat = 500.0
    """500 m and 12 % of the way, 75 degrees, 2.5 kn: ships following one another in the lanes of
    the Strait keep half a mile and more."""
    max_miss_ratio: PositiveFloat = 0.12
    """See `max_miss_m`."""
    max_course_change_deg: PositiveFloat = 75.0
    """See `max_miss_m`."""
    max_speed_change_kn: PositiveFloat = 2.5
    """See `max_miss_m`."""
    min_hulls_s: PositiveInt = 900
    """15 minutes, 6 switches, 6 hours: as long as verdicts look around, so that two hulls that are
    heard by turns are one event."""
    min_switches: PositiveInt = 6
    """See `min_hulls_s`."""
    max_interruption_s: PositiveInt = 21_600
    """See `min_hulls_s`."""
    max_copy_spread_m: PositiveFloat = 300.0
    """300 m and 2000 m, as of the detector spoofing: see `kinematics.copies.judge`."""
    min_copy_moved_m: PositiveFloat = 2000.0
    """See `max_copy_spread_m`."""
    min_said_s: PositiveInt = 900
    """15 minutes: static data are sent every 6 minutes (ITU-R M.1371-5, annex 1, 4.2.1), so it was
    said twice or three times; 12 hours; 12 minutes, two such intervals."""
    memory_s: PositiveInt = 43_200
    """See `min_said_s`."""
    memory_intervals: PositiveFloat = 8.0
    """8 and 24 hours: of a vessel whose static reports are heard seldom a name is remembered for as
    many of the intervals that they had on the UTC date before. Of reports that come in at random a
    pause is so long once in 3,000 times (exp(-8)). Sent every 6 minutes (ITU-R M.1371-5, annex 1,
    4.2.1), they are heard by satellite every few hours. Not for longer, so that a night needs no
    more history for it."""
    max_memory_s: PositiveInt = 86_400
    """See `memory_intervals`."""
    static_interval_s: PositiveInt = 720
    """See `min_said_s`."""
    max_one_hull_m: PositiveFloat = 30.0
    """For two hours and over 5 nm, under way: a median of 30 m between two sets, which is the
    errors of both and a part of a ship; never further than 300 m, as clocks that differ by 45 s
    make at 14 kn. What is towed lies further astern; pair trawlers keep 100 m and more."""
    max_beside_m: PositiveFloat = 300.0
    """See `max_one_hull_m`."""
    min_one_hull_s: PositiveInt = 7200
    """See `max_one_hull_m`."""
    min_one_hull_m: PositiveFloat = 9260.0
    """See `max_one_hull_m`."""
    max_together_m: PositiveFloat = 2000.0
    """2 km between two sets of one ship, clocks and sizes allowed for; 40 kn."""
    max_transit_kn: PositiveFloat = 40.0
    """See `max_together_m`."""
    min_ship_m: PositiveFloat = 50.0
    """50 m: the smallest length at which most ships have an IMO number (100 GT, IMO resolution
    A.1117(30))."""

    @property
    def settle(self) -> timedelta:
        """Until then a track may go on, a better match of an end or beginning turn up, or two hulls
        take turns again.
        """
        passes_s = max(self.min_silence_s, self.min_pass_silence_s) + self.max_pass_pause_s
        return timedelta(seconds=max(self.matched_s, self.max_interruption_s, passes_s))

    @property
    def matched_s(self) -> int:
        """Return how long after an end or beginning its match is awaited."""
        return self.min_silence_s + self.max_pause_s

    @property
    def memory(self) -> statement.Memory:
        """Return how long what was said is remembered."""
        settle_s = float(self.matched_s)
        most = float(self.longest_memory_s), self.memory_intervals
        return statement.Memory(self.min_said_s, self.memory_s, settle_s, *most)

    @property
    def longest_memory_s(self) -> int:
        """Return how long what was said is remembered at most."""
        return max(self.memory_s, self.max_memory_s)

    @property
    def motion(self) -> track_ends.Limits:
        """Return what a hand-over is held against."""
        return self._motion(min_some_reports=self.min_reports)

    @property
    def motion_of_passes(self) -> track_ends.Limits:
        """The same where the whole feed comes by passes."""
        return self._motion(
            min_some_reports=min(self.min_pass_reports, self.min_reports),
            max_pause_s=max(self.max_pass_pause_s, self.max_pause_s),
            max_thin_s=max(self.max_pass_thin_s, self.max_thin_s),
        )

    def _motion(self, **otherwise: int) -> track_ends.Limits:
        names = track_ends.Limits.__dataclass_fields__
        own = {name: getattr(self, name) for name in names if name not in otherwise}
        return track_ends.Limits(**own, **otherwise)
