"""What the rules of spoofing go by."""

from typing import Final

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from detectors.core.detector import Detector

_MAX_SILENCE_S: Final = (
    "2 h, 2 h, 12 h, 15 min. The pause is what reception may lose around a jump, and the silence "
    "the time between two passes of a satellite."
)

_MIN_DURATION_S: Final = (
    "10 minutes and 5 reports: fewer may be corrupt fixes, which make a further track when three "
    "agree."
)

_MAX_SPREAD_M: Final = (
    "300 m and 2000 m. Interpolating a ship's track over minutes errs by less than a hundred "
    "metres; independent ships whose speeds differ by half a knot part by 300 m in 20 minutes."
)

_MIN_RADIUS_M: Final = (
    "80 m, 20 m, 0.03, two turns. AIS positions are good to 10 m (ITU-R M.1371-5); a steered "
    "circle is off by a tenth of its radius. The rings at Shanghai had radii around 200 m, the "
    "circles that Bergman found were miles wide."
)

_MIN_INLAND_M: Final = (
    "1500 m, 500 m and 30 minutes: the OpenStreetMap coast is good to tens of metres, but leaves "
    "out rivers, locks and basins, so coming on land without a leap needs more."
)

_MAX_FROZEN_M: Final = "50 m and 20 minutes, in which 3 kn make a mile."

_MIN_LAG_S: Final = (
    "30 minutes, well above what receivers' clocks are wrong by, and 24.5 hours: the track of the "
    "day before."
)


class Limits(Detector):
    """The parameters of `spoofing`."""

    max_silence_s: PositiveInt = Field(7200, description=_MAX_SILENCE_S)
    max_pause_s: PositiveInt = Field(7200, description=_MAX_SILENCE_S)
    max_away_s: PositiveInt = Field(43_200, description=_MAX_SILENCE_S)
    alive_s: PositiveInt = Field(900, description=_MAX_SILENCE_S)
    min_duration_s: PositiveInt = Field(600, description=_MIN_DURATION_S)
    min_reports: PositiveInt = Field(5, description=_MIN_DURATION_S)
    max_alive_fraction: NonNegativeFloat = Field(0.3, description="0.3.")
    max_spread_m: PositiveFloat = Field(300.0, description=_MAX_SPREAD_M)
    min_moved_m: PositiveFloat = Field(2000.0, description=_MAX_SPREAD_M)
    min_leap_m: PositiveFloat = Field(
        1000.0,
        description=(
            "1 km: a leap is at least so far, beyond what its speed and the fixes' noise allow."
        ),
    )
    min_radius_m: PositiveFloat = Field(80.0, description=_MIN_RADIUS_M)
    max_circle_rms_m: PositiveFloat = Field(20.0, description=_MIN_RADIUS_M)
    max_circle_rms_ratio: PositiveFloat = Field(0.03, description=_MIN_RADIUS_M)
    min_turns: PositiveFloat = Field(2.0, description=_MIN_RADIUS_M)
    min_sog_kn: PositiveFloat = Field(
        3.0, description="3 kn: a ship that swings at anchor or drifts makes less."
    )
    min_inland_m: PositiveFloat = Field(1500.0, description=_MIN_INLAND_M)
    min_leapt_inland_m: PositiveFloat = Field(500.0, description=_MIN_INLAND_M)
    min_inland_s: PositiveInt = Field(1800, description=_MIN_INLAND_M)
    max_frozen_m: PositiveFloat = Field(50.0, description=_MAX_FROZEN_M)
    min_frozen_s: PositiveInt = Field(1200, description=_MAX_FROZEN_M)
    min_lag_s: PositiveInt = Field(1800, description=_MIN_LAG_S)
    max_lag_s: PositiveInt = Field(88_200, description=_MIN_LAG_S)
    min_copied_fraction: PositiveFloat = Field(
        0.6,
        description=(
            "Share of the moving reports in a replay that repeat an earlier position exactly: 0.6. "
            "A ferry on its route hits the same ten-thousandth of a minute by chance only."
        ),
    )
    max_interference_m: PositiveFloat = Field(
        37_040.0,
        description=(
            "37,040 m, 20 nm: the radio horizon, 4.1 km times the sum of the roots of both heights "
            "in metres, between aerials 20 m and 25 m above the water. The bad fixes of others as "
            "near, when the positions of a vessel leap, are in the evidence."
        ),
    )
