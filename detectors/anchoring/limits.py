"""What the rule of anchoring goes by."""

from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from detectors.core.detector import Detector
from detectors.surroundings import settings
from detectors.surroundings.settings import ZoneClasses


class Limits(Detector):
    """The parameters of `anchoring`."""

    max_swing_m: PositiveFloat = 1000.0
    """1,000 m, the most that the place may change over `hold_s` and over each third of it. The
    antenna of a ship at anchor goes round the anchor by twice the length of cable and ship; four
    tankers at anchor off Singapore, 18 stays, moved 59 to 621 m in 3 h. A vessel adrift would have
    to make less than 0.18 kn."""
    hold_s: PositiveInt = 10_800
    """3 hours. Slack water lasts minutes; a vessel adrift goes back over its way after 6.2 h, so
    that a much longer span would take it for held."""
    min_held_s: PositiveInt = 23_400
    """6.5 hours: more than half of the semi-diurnal tide's period (M2, 12.42 h), so that the stream
    has turned at least once while the vessel kept its place."""
    min_swung_s: PositiveInt = 10_800
    """Or 3 hours, where the heading turned by 90 degrees meanwhile: it swung with the stream about
    what holds it. The same tankers turned by 65 to 180 degrees at anchor, and at a berth by less
    than 40."""
    min_swung_deg: float = Field(90.0, gt=0, le=180)
    """See `min_swung_s`."""
    max_pause_s: PositiveInt = 10_800
    """3 hours unheard, or off its place, don't end a stay if it goes on within `max_swing_m` of
    where it was."""
    max_silence_s: PositiveInt = 10_800
    """3 hours, the longest silence between two reports that is interpolated: satellites miss a ship
    for as long, and what is where it was then lay there."""
    step_s: PositiveInt = 600
    """10 minutes; a ship at anchor reports every 3 (ITU-R M.1371-5, table 1)."""
    designated_classes: ZoneClasses = ("anchorage", "port")
    """Where ships may lie at anchor, whatever the waters around ask for; zones with a rule
    `anchoring: permitted` and licensed transfer areas beside them."""
    edge_m: float = Field(700.0, ge=0)
    """700 m: a ship so near to such a zone has its anchor inside or just outside, and swings over
    the edge (the most that the tankers above moved in 3 h was 621 m)."""
    near_land_m: PositiveFloat = 300.0
    """300 m: so near to land it is likely to lie at a jetty."""
    neighbour_m: PositiveFloat = 500.0
    """500 m: craft that lie still so near to one another share a mooring ground; ships at anchor
    need more room to swing."""
    alongside_m: PositiveFloat = 200.0
    """200 m: two that lie still nearer than this don't swing each about an anchor of its own.
    Measured between antennas: half of both beams, and up to half a length along."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        settings.at_most(self, "hold_s", "min_held_s")
        settings.at_most(self, "hold_s", "min_swung_s")
        settings.at_most(self, "min_swung_s", "min_held_s")
        settings.at_most(self, "alongside_m", "neighbour_m")
        if self.step_s * 3 > self.hold_s:
            raise ValueError("hold_s must be three steps (step_s) at least")
        return self
