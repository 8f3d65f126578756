"""What the rule of possible meetings goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector


class Limits(Detector):
    """The parameters of `possible_meeting`.

    Parameters
    ----------
    min_meeting_s
        30 minutes, the shortest encounter that is looked for.
    max_silence_s
        12 h: at 12 kn a circle of 144 nm then, which holds the whole Strait.
    reach_share, min_reach_kn, max_reach_kn
        A silent vessel goes at most 1.25 times as fast as before and as the way between its ends
        asks for, at least 6 kn, at most 30 kn.
    tight_area_km2
        500 km², a circle of 7 nm: at that area to meet in the weight has fallen to 0.7 of what it
        is for two that lie side by side.
    min_weight
        0.08. A judgement: two ships at 12 kn, silent together for four hours and heard again where
        they would have been anyway, have 0.1 or more.
    max_per_silence
        3: of two or three that drift near the way of a silent ship nothing tells which.
    """

    min_meeting_s: PositiveInt = 1800
    max_silence_s: PositiveInt = Field(default=43_200, le=86_400)
    reach_share: PositiveFloat = Field(default=1.25, ge=1.0)
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    tight_area_km2: PositiveFloat = 500.0
    min_weight: PositiveFloat = 0.08
    max_per_silence: PositiveInt = 3
