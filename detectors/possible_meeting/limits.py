"""What the rule of possible meetings goes by."""

from typing import Final

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector

_REACH_SHARE: Final = (
    "A silent vessel goes at most 1.25 times as fast as before and as the way between its ends "
    "asks for, at least 6 kn, at most 30 kn."
)


class Limits(Detector):
    """The parameters of `possible_meeting`."""

    min_meeting_s: PositiveInt = Field(
        1800, description="30 minutes, the shortest encounter that is looked for."
    )
    max_silence_s: PositiveInt = Field(
        43_200,
        le=86_400,
        description="12 h: at 12 kn a circle of 144 nm then, which holds the whole Strait.",
    )
    reach_share: PositiveFloat = Field(1.25, ge=1.0, description=_REACH_SHARE)
    min_reach_kn: PositiveFloat = Field(6.0, description=_REACH_SHARE)
    max_reach_kn: PositiveFloat = Field(30.0, description=_REACH_SHARE)
    tight_area_km2: PositiveFloat = Field(
        500.0,
        description=(
            "500 km², a circle of 7 nm: at that area to meet in the weight has fallen to 0.7 of "
            "what it is for two that lie side by side."
        ),
    )
    alongside_m: PositiveFloat = Field(
        500.0, description="500 m, the distance of an encounter (see `encounter`)."
    )
    min_weight: PositiveFloat = Field(
        0.08,
        description=(
            "0.08. A judgement: two ships at 12 kn, silent together for four hours and heard again "
            "where they would have been anyway, have 0.1 or more."
        ),
    )
    max_per_silence: PositiveInt = Field(
        3,
        description=(
            "3: of two or three that drift near the way of a silent ship nothing tells which."
        ),
    )
