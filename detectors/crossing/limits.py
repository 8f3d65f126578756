"""What the rule of crossings goes by."""

from typing import Final

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import sun

_MAX_SUN_ALTITUDE_DEG: Final = "-6, the end of civil twilight, for half of the passage."

_MIN_WIDTH_FRACTION: Final = "0.2 and 0.35 of the strait's width."

_MIN_DISTANCE_M: Final = (
    "3 nm and 2 nm. The Johor Strait is narrower than 2 nm nearly everywhere and full of harbour "
    "craft."
)

_MIN_DURATION_S: Final = (
    "Both 10 minutes: slowing down for a wash or a ship doesn't cut a crossing in two, a stop at "
    "the other side does."
)

_MEMORY_S: Final = (
    "12 hours and 3 nm: trips within it before and after, between ends less than that apart, are "
    "counted; ferries show by them. So a crossing is judged anew until as long after it ended."
)


class Limits(Detector):
    """The parameters of `crossing`."""

    min_speed_kn: PositiveFloat = Field(
        11.0,
        description=(
            "11 kn. Fishing boats of the Strait make 6 to 10; planing boats don't go slower for "
            "long."
        ),
    )
    min_mean_speed_kn: PositiveFloat = Field(
        11.5, description="11.5 kn made good over the passage."
    )
    max_mean_speed_kn: PositiveFloat = Field(
        60.0,
        description=(
            "60 kn: faster is an aircraft or a corrupt position (see `hull_limits.MAX_SPEED_KN`)."
        ),
    )
    max_length_m: PositiveFloat = Field(
        40.0,
        description=(
            "40 m. Longer vessels, and cargo ships or tankers that don't state a length, are left "
            "out."
        ),
    )
    max_sun_altitude_deg: float = Field(
        sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0, description=_MAX_SUN_ALTITUDE_DEG
    )
    min_dark_fraction: float = Field(0.5, gt=0, le=1, description=_MAX_SUN_ALTITUDE_DEG)
    max_passage_s: PositiveInt = Field(
        21_600, description="6 hours: the widest crossing of the Strait, 140 nm, at 24 kn."
    )
    min_width_fraction: float = Field(0.2, gt=0, lt=1, description=_MIN_WIDTH_FRACTION)
    min_one_sided_fraction: float = Field(0.35, gt=0, lt=1, description=_MIN_WIDTH_FRACTION)
    min_across_ratio: float = Field(
        0.5, gt=0, le=1, description="0.5: at most 60 degrees off the shortest way."
    )
    min_distance_m: PositiveFloat = Field(5556.0, description=_MIN_DISTANCE_M)
    min_width_m: PositiveFloat = Field(3704.0, description=_MIN_DISTANCE_M)
    min_duration_s: PositiveInt = Field(600, description=_MIN_DURATION_S)
    max_interruption_s: PositiveInt = Field(600, description=_MIN_DURATION_S)
    max_silence_s: PositiveInt = Field(3600, description="1 hour.")
    min_reports: PositiveInt = Field(3, description="3: class B is lost half-way across as a rule.")
    memory_s: PositiveInt = Field(43_200, description=_MEMORY_S)
    same_end_m: PositiveFloat = Field(5556.0, description=_MEMORY_S)
    step_s: PositiveInt = Field(120, description="2 minutes.")
