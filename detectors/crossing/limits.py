"""What the rule of crossings goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import sun


class Limits(Detector):
    """The parameters of `crossing`.

    Parameters
    ----------
    min_speed_kn
        11 kn. Fishing boats of the Strait make 6 to 10; planing boats don't go slower for long.
    min_mean_speed_kn
        11.5 kn made good over the passage.
    max_mean_speed_kn
        60 kn: faster is an aircraft or a corrupt position (see `hull_limits.MAX_SPEED_KN`).
    max_length_m
        40 m. Longer vessels, and cargo ships or tankers that don't state a length, are left out.
    max_sun_altitude_deg, min_dark_fraction
        -6, the end of civil twilight, for half of the passage.
    max_passage_s
        6 hours: the widest crossing of the Strait, 140 nm, at 24 kn.
    min_width_fraction, min_one_sided_fraction
        0.2 and 0.35 of the strait's width.
    min_across_ratio
        0.5: at most 60 degrees off the shortest way.
    min_distance_m, min_width_m
        3 nm and 2 nm. The Johor Strait is narrower than 2 nm nearly everywhere and full of
        harbour craft.
    min_duration_s, max_interruption_s
        Both 10 minutes: slowing down for a wash or a ship doesn't cut a crossing in two, a stop at
        the other side does.
    max_silence_s
        1 hour.
    min_reports
        3: class B is lost half-way across as a rule.
    memory_s, same_end_m
        12 hours and 3 nm: trips within it before and after, between ends less than that apart, are
        counted; ferries show by them. So a crossing is judged anew until as long after it ended.
    step_s
        2 minutes.
    """

    min_speed_kn: PositiveFloat = 11.0
    min_mean_speed_kn: PositiveFloat = 11.5
    max_mean_speed_kn: PositiveFloat = 60.0
    max_length_m: PositiveFloat = 40.0
    max_sun_altitude_deg: float = Field(default=sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    min_dark_fraction: float = Field(default=0.5, gt=0, le=1)
    max_passage_s: PositiveInt = 21_600
    min_width_fraction: float = Field(default=0.2, gt=0, lt=1)
    min_one_sided_fraction: float = Field(default=0.35, gt=0, lt=1)
    min_across_ratio: float = Field(default=0.5, gt=0, le=1)
    min_distance_m: PositiveFloat = 5556.0
    min_width_m: PositiveFloat = 3704.0
    min_duration_s: PositiveInt = 600
    max_interruption_s: PositiveInt = 600
    max_silence_s: PositiveInt = 3600
    min_reports: PositiveInt = 3
    memory_s: PositiveInt = 43_200
    same_end_m: PositiveFloat = 5556.0
    step_s: PositiveInt = 120
