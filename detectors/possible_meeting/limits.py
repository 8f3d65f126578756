"""What the rule of possible meetings goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector


class Limits(Detector):
    """The parameters of `possible_meeting`."""

    min_meeting_s: PositiveInt = 1800
    """30 minutes, the shortest encounter that is looked for."""
    max_silence_s: PositiveInt = Field(43_200, le=86_400)
    """12 h: at 12 kn a circle of 144 nm then, which holds the whole Strait."""
    reach_share: PositiveFloat = Field(1.25, ge=1.0)
    """A silent vessel goes at most 1.25 times as fast as before and as the way between its ends
    asks for, at least 6 kn, at most 30 kn."""
    min_reach_kn: PositiveFloat = 6.0
    """See `reach_share`."""
    max_reach_kn: PositiveFloat = 30.0
    """See `reach_share`."""
    tight_area_km2: PositiveFloat = 500.0
    """500 km², a circle of 7 nm: at that area to meet in the weight has fallen to 0.7 of what it is
    for two that lie side by side."""
    alongside_m: PositiveFloat = 500.0
    """500 m, the distance of an encounter (see `encounter`)."""
    min_weight: PositiveFloat = 0.08
    """0.08. A judgement: two ships at 12 kn, silent together for four hours and heard again where
    they would have been anyway, have 0.1 or more."""
    max_per_silence: PositiveInt = 3
    """3: of two or three that drift near the way of a silent ship nothing tells which."""
