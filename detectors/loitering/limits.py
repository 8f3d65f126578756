"""What the rule of loitering goes by."""

from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from detectors.core.detector import Detector
from detectors.surroundings import settings
from detectors.surroundings.settings import ZoneClasses


class Limits(Detector):
    """The parameters of `loitering`."""

    max_speed_kn: PositiveFloat = Field(3.2, le=10.0)
    """3.2 kn. Miller et al. (2018) and Global Fishing Watch use 2 kn on the high seas; here the
    tidal stream carries a drifting vessel along at 2 to 3 kn, and position noise adds 0.2 kn. A
    median of `lowered_speed_kn` or more lowers the score."""
    lowered_speed_kn: PositiveFloat = 2.0
    """2 kn, the limit of Miller et al."""
    min_duration_s: PositiveInt = 7200
    """2 hours. Miller et al. ask for 8 h, Starboard Maritime Intelligence for 4 h, Global Fishing
    Watch publishes from 1 h of hourly blocks. Waiting for a pilot or a tide in the Strait takes
    less than 2 h as a rule; a transfer to a boat without AIS is seen from 2 h."""
    max_interruption_s: PositiveInt = 2400
    """40 minutes within 3 nm, and 10 minutes: using the engine to regain the place after drifting
    off it doesn't cut a loitering in two, going elsewhere does, and a vessel that slows down for a
    moment now and then doesn't loiter."""
    max_interruption_m: PositiveFloat = 5556.0
    """See `max_interruption_s`."""
    max_return_s: PositiveInt = 3600
    """An hour: 3 nm at 4 kn against the stream, and a quarter of an hour to gather way and to lose
    it. What came back within `max_interruption_m` of where it had lain in the `min_duration_s`
    before, and lay for as long before or after, regained its place; who is bound elsewhere is gone
    by then."""
    min_piece_s: PositiveInt = 600
    """See `max_interruption_s`."""
    max_silence_s: PositiveInt = 7200
    """2 hours: received by satellites only, a vessel is heard every 10 to 30 minutes and now and
    then missed. The longest silence is kept in evidence."""
    min_reports: PositiveInt = 4
    """4 reports at least, the ones on either side included: two positions two hours apart show
    where a vessel was twice, not that it stayed."""
    step_s: PositiveInt = 120
    """2 minutes: 10 m of position noise then make 0.2 kn."""
    excluded_classes: ZoneClasses = ("port", "anchorage")
    """Where lying still is the rule."""
    near_land_m: PositiveFloat = 300.0
    """Closer to land than this the vessel is taken for berthed, and its score is lowered."""
    after_s: PositiveInt = 8400
    """2 h 20 min after it ended: where the vessel is in a zone of `excluded_classes` at one of six
    moments until then, it was waiting to call there. From a pilot ground or the roads to a berth
    are 10 to 15 nm at 6 to 8 kn."""
    min_working_kn: PositiveFloat = 2.0
    """2 to 4.5 kn, the speed at which nets are towed (2.5 to 4 kn as a rule) and lines hauled; legs
    of 20 minutes, shorter than a tow; and a change of course by 60 degrees from one leg on which it
    made 1.2 kn to the next such leg. Share of time and turns are kept in evidence: working to and
    fro isn't drifting."""
    max_working_kn: PositiveFloat = 4.5
    """See `min_working_kn`."""
    leg_s: PositiveInt = 1200
    """See `min_working_kn`."""
    min_turn_deg: PositiveFloat = 60.0
    """See `min_working_kn`."""
    company_m: PositiveFloat = 600.0
    """A tug within 600 m at three of four moments (the end, and 40, 80 and 120 minutes before it:
    thirds of `min_duration_s`) attends the vessel or has it in tow; hawsers are 150 to 500 m long.
    So does a vessel at work that this one guards or serves. Others that are slow within it at three
    of the four moments drift beside it."""
    neighbour_m: PositiveFloat = 3704.0
    """2 nm: others that lie still within it shortly before the end (a third of `min_duration_s`)
    make a customary anchorage."""
    min_lying: PositiveInt = 6
    """5 others lying at once within a mile or so, in the day before or when it began: a berth or an
    anchorage, whether a zone says so or not (`surroundings.lying`). As of gaps: rafts of a transfer
    are of two or three."""
    sideways: bool = False
    """Off by default. A vessel whose course is 45 degrees or more off its heading, at 1 to 5 kn,
    for 10 minutes and over 500 m: the drift of the Danish Maritime Authority's AisAbnormal
    (DriftAnalysis, github.com/dma-ais/AisAbnormal). In a stream of 2 kn ships that manoeuvre do as
    much, hence an option for waters without one."""
    min_sideways_deg: PositiveFloat = Field(45.0, le=180)
    """See `sideways`."""
    min_sideways_kn: PositiveFloat = 1.0
    """See `sideways`."""
    max_sideways_kn: PositiveFloat = 5.0
    """See `sideways`."""
    min_sideways_s: PositiveInt = 600
    """See `sideways`."""
    min_sideways_m: PositiveFloat = 500.0
    """See `sideways`."""
    fishing_near_m: PositiveFloat = 5556.0
    """3 nm: vessels that say they fish within it then work the same ground."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        settings.at_most(self, "step_s", "min_piece_s")
        settings.at_most(self, "min_piece_s", "min_duration_s")
        settings.at_most(self, "max_interruption_s", "max_return_s")
        settings.at_most(self, "max_return_s", "max_silence_s")
        settings.at_most(self, "min_working_kn", "max_working_kn")
        settings.at_most(self, "step_s", "leg_s")
        settings.at_most(self, "step_s", "after_s")
        settings.at_most(self, "min_sideways_kn", "max_sideways_kn")
        return self
