"""What the rules of spoofing go by."""

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.kinematics import shapes


class Limits(Detector):
    """The parameters of `spoofing`."""

    max_silence_s: PositiveInt = 7200
    """2 h, 2 h, 12 h, 15 min. The pause is what reception may lose around a jump, and the silence
    the time between two passes of a satellite."""
    max_pause_s: PositiveInt = 7200
    """See `max_silence_s`."""
    max_away_s: PositiveInt = 43_200
    """See `max_silence_s`."""
    alive_s: PositiveInt = 900
    """See `max_silence_s`."""
    min_duration_s: PositiveInt = 600
    """10 minutes and 5 reports: fewer may be corrupt fixes, which make a further track when three
    agree."""
    min_reports: PositiveInt = 5
    """See `min_duration_s`."""
    max_alive_fraction: NonNegativeFloat = 0.3
    """0.3."""
    max_spread_m: PositiveFloat = shapes.SPREAD_M
    """300 m and 2000 m. Interpolating a ship's track over minutes errs by less than a hundred
    metres; independent ships whose speeds differ by half a knot part by 300 m in 20 minutes."""
    min_moved_m: PositiveFloat = 2000.0
    """See `max_spread_m`."""
    min_leap_m: PositiveFloat = 1000.0
    """1 km: a leap is at least so far, beyond what its speed and the fixes' noise allow."""
    min_radius_m: PositiveFloat = 80.0
    """80 m, 20 m, 0.03, two turns. AIS positions are good to 10 m (ITU-R M.1371-5); a steered
    circle is off by a tenth of its radius. The rings at Shanghai had radii around 200 m, the
    circles that Bergman found were miles wide."""
    max_circle_rms_m: PositiveFloat = shapes.ROUND_M
    """See `min_radius_m`."""
    max_circle_rms_ratio: PositiveFloat = shapes.ROUND_SHARE
    """See `min_radius_m`."""
    min_turns: PositiveFloat = 2.0
    """See `min_radius_m`."""
    min_sog_kn: PositiveFloat = 3.0
    """3 kn: a ship that swings at anchor or drifts makes less."""
    min_inland_m: PositiveFloat = 1500.0
    """1500 m, 500 m and 30 minutes: the OpenStreetMap coast is good to tens of metres, but leaves
    out rivers, locks and basins, so coming on land without a leap needs more."""
    min_leapt_inland_m: PositiveFloat = 500.0
    """See `min_inland_m`."""
    min_inland_s: PositiveInt = 1800
    """See `min_inland_m`."""
    max_frozen_m: PositiveFloat = 50.0
    """50 m and 20 minutes, in which 3 kn make a mile."""
    min_frozen_s: PositiveInt = 1200
    """See `max_frozen_m`."""
    min_lag_s: PositiveInt = 1800
    """30 minutes, well above what receivers' clocks are wrong by, and 24.5 hours: the track of the
    day before."""
    max_lag_s: PositiveInt = 88_200
    """See `min_lag_s`."""
    min_copied_fraction: PositiveFloat = 0.6
    """Share of the moving reports in a replay that repeat an earlier position exactly: 0.6. A ferry
    on its route hits the same ten-thousandth of a minute by chance only."""
    max_interference_m: PositiveFloat = 37_040.0
    """37,040 m, 20 nm: the radio horizon, 4.1 km times the sum of the roots of both heights in
    metres, between aerials 20 m and 25 m above the water. The bad fixes of others as near, when the
    positions of a vessel leap, are in the evidence."""
