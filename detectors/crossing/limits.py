"""What the rules of crossings go by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import sun


class Limits(Detector):
    """The parameters of `crossing`."""

    min_speed_kn: PositiveFloat = 3.0
    """3 kn: under way. A wooden boat of 6 kn against a stream of 2 to 3 makes no more."""
    min_mean_speed_kn: PositiveFloat = 4.0
    """4 kn made good over the passage: what drifts or trawls across makes less."""
    max_mean_speed_kn: PositiveFloat = 60.0
    """60 kn: faster is an aircraft or a corrupt position (see `hull_limits.MAX_SPEED_KN`)."""
    max_sun_altitude_deg: float = Field(sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    """-6, the end of civil twilight: night. Boats run at noon too, so it only weighs."""
    max_passage_s: PositiveInt = 36_000
    """10 hours: 40 nm at 4 kn, or the widest crossing of the Strait, 140 nm, at 14."""
    min_width_fraction: float = Field(0.2, gt=0, lt=1)
    """0.2 and 0.35 of the strait's width."""
    min_one_sided_fraction: float = Field(0.35, gt=0, lt=1)
    """See `min_width_fraction`."""
    min_across_ratio: float = Field(0.5, gt=0, le=1)
    """0.5: at most 60 degrees off the shortest way."""
    min_distance_m: PositiveFloat = 5556.0
    """3 nm and 2 nm. The Johor Strait is narrower than 2 nm nearly everywhere and full of harbour
    craft."""
    min_width_m: PositiveFloat = 3704.0
    """See `min_distance_m`."""
    near_m: PositiveFloat = 5556.0
    """3 nm and 0.35 of the width: an end no further than both from a coast belongs to that coast. A
    boat that sees a patrol turns back some miles off (ships in the lanes off Singapore keep 2 nm
    and more, but at over 0.35 of the width)."""
    turned_m: PositiveFloat = 7408.0
    """4 nm: one that turned about there and went home without a stop made for that coast; a patrol
    craft's radar and lights are seen from so far by a boat."""
    near_fraction: float = Field(0.35, gt=0, lt=0.5)
    """See `near_m`."""
    shore_m: PositiveFloat = 700.0
    """700 m from land: where a boat lands or lies off its village, and where no ship goes."""
    min_duration_s: PositiveInt = 600
    """Both 10 minutes: slowing down for a wash or a ship doesn't cut a crossing in two, a stop at
    the other side does, and however short a one at a shore."""
    max_interruption_s: PositiveInt = 600
    """See `min_duration_s`."""
    max_silence_s: PositiveInt = 7200
    """2 hours: class B is lost in the middle of a strait of 40 nm for that long at 7 kn."""
    max_straight_s: PositiveInt = 10_800
    """3 hours, where its way fills the silence: a boat whose speed leaves it less than a tenth of
    the time to spare went straight."""
    max_steered_s: PositiveInt = 28_800
    """8 hours, where it also kept one course before, across and after it: between two coast
    stations' reach of class B a boat of 8 kn isn't heard for 60 nm of the north."""
    min_reports: PositiveInt = 3
    """3: class B is lost half-way across as a rule."""
    memory_s: PositiveInt = 43_200
    """12 hours and 3 nm: trips within it before and after, between ends less than that apart, are
    counted; ferries show by them. So a crossing is judged anew until as long after it ended."""
    same_end_m: PositiveFloat = 5556.0
    """See `memory_s`."""
    min_out_m: PositiveFloat = 7408.0
    """4 nm and 0.2 of the width: so far out a boat may meet one from the other side."""
    min_met_out_m: PositiveFloat = 3704.0
    """2 nm from any coast it met another: more than boats of one village lie off it, and half-way
    off eastern Johor and Singapore. As far apart were it and another that it met nearer to the
    shore, half an hour before and after: boats of one ground or village are no further from one
    another. In the narrows, 8 nm and less, half-way is less than 4 nm out; who is over
    `near_fraction` of the width out no longer belongs to that coast, and 2 nm are enough there
    too."""
    min_out_fraction: float = Field(0.2, gt=0, lt=1)
    """See `min_out_m`."""
    lying_kn: PositiveFloat = 3.5
    """Slower than 3.5 kn, the stream in the narrows, for 4 minutes out there: people change boats
    in minutes."""
    min_lying_s: PositiveInt = 240
    """See `lying_kn`."""
    min_lost_s: PositiveInt = 180
    """Or 3 minutes lost about the report at which it was out furthest, under way by the reports
    before and after it: people wade ashore in as little, and class B states its place every 30 s,
    of which half and more isn't heard."""
    max_landing_s: PositiveInt = 1800
    """30 minutes at the shore at most, and 0.4 nm or more from where it lay before: people wade
    ashore; home is where a boat stays."""
    elsewhere_m: PositiveFloat = 741.0
    """See `max_landing_s`."""
    max_voyage_s: PositiveInt = 57_600
    """16 hours from shore to shore."""
    port_m: PositiveFloat = 926.0
    """0.5 nm from a port or an anchorage is at it."""
    max_explained_weight: float = Field(0.6, gt=0, le=1)
    """0.6: meetings that are explained by as much don't count; that both are small craft, which
    explains half, does."""
    step_s: PositiveInt = 120
    """2 minutes."""

    @property
    def longest_silence_s(self) -> int:
        """Return how long a silence is at most across which its way counts, whatever its course."""
        return max(self.max_silence_s, self.max_straight_s)

    @property
    def longest_way_s(self) -> int:
        """Return the same if it kept one course: shorter than `memory_s`, by which a crossing is
        judged anew and what came before it is read.
        """
        return max(self.longest_silence_s, self.max_steered_s)
