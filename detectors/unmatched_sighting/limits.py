"""What the rule of unmatched sightings goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings.settings import ZoneClasses
from detectors.vessels import association


class Limits(Detector):
    """The parameters of `unmatched_sighting`."""

    min_unmatched_probability: PositiveFloat = Field(0.7, le=1.0)
    """0.7: what is as likely as not a vessel with AIS asks for no look."""
    max_silence_s: PositiveInt = Field(1800, le=7200)
    """Half an hour: no track is carried further than that from a report of its own, so that it is
    interpolated over a silence of up to an hour."""
    still_mps: PositiveFloat = 0.2
    """See `association.Motion`. At 12 kn 1 m/s between two reports, which is a turn of 20 degrees
    half-way, and 2.7 m/s beyond the last; 0.2 m/s lying still."""
    between_share: PositiveFloat = 0.15
    """See `still_mps`."""
    beyond_share: PositiveFloat = 0.4
    """See `still_mps`."""
    clock_error_s: float = Field(120.0, ge=0)
    """2 minutes: receivers that stamp reports by a clock of their own are minutes off now and then,
    and people write times down to a few minutes."""
    sar_shift_s: float = Field(45.0, ge=0)
    """45 s, for sources that name SAR: a ship is displaced along the satellite's track by its speed
    towards the radar times slant range over satellite speed (Rodger & Guida 2021), 65 s in ground
    range for Sentinel-1, of which its course takes two thirds on average."""
    voluntary_length_m: PositiveFloat = 45.0
    """45 m, about 300 GT: SOLAS chapter V, regulation 19.2.4 asks for AIS from 300 GT on (on
    international voyages; 500 GT on others; all passenger ships)."""
    small_per_km2: PositiveFloat = 0.05
    """Vessels without AIS: one small one in 20 km² (about what the Strait's fishing fleets make), a
    large one in 2,000 km². Judgements; Paolo et al. find 72-76 % of industrial fishing vessels and
    21-30 % of the others without public AIS."""
    large_per_km2: PositiveFloat = 0.0005
    """See `small_per_km2`."""
    scene_s: PositiveInt = 10
    """10 s: sightings of one source within the same ten seconds are of different vessels."""
    max_explaining_s: PositiveInt = 600
    """10 min, from which on a vessel in a gap no longer explains a sighting."""
    min_lead_probability: PositiveFloat = Field(0.2, le=1.0)
    """0.2, for a silent vessel to be named."""
    reach_share: PositiveFloat = 1.25
    """A silent vessel goes at most 1.25 times as fast as before (reckoned back from where it is
    heard again: as before or then, whichever is faster), at least 6 kn, at most 30 kn."""
    min_reach_kn: PositiveFloat = 6.0
    """See `reach_share`."""
    max_reach_kn: PositiveFloat = 30.0
    """See `reach_share`."""
    near_m: PositiveFloat = 2000.0
    """2 km: a boat that close to a loiterer is within ten minutes of it. At the density of small
    craft given above it is there by chance in half of the cases, so it is a hint only."""
    before_or_after_s: PositiveInt = 5400
    """90 min: a boat may come while a ship is still arriving, or leave as it goes on, and one that
    waits shifts now and then. Its loitering counts so long before and after, where its track then
    is, if no explanation weighs half or more."""
    fleet_m: PositiveFloat = 9260.0
    """5 nm and 3 others without AIS in the same scene: boats of a fishing fleet, one in 20 km² by
    `small_per_km2`, of which 13 lie within 5 nm; a lone one isn't of one. A judgement."""
    min_fleet: PositiveInt = 3
    """See `fleet_m`."""
    min_known_hours: PositiveInt = 4
    """4 half hours in which vessels were heard around the place in the day before, one each: one
    that passed or lay there for an hour or two; and 5 vessels heard within a station's reach
    (`Coverage.receiving`) in that half hour or one beside it: reception is known there though
    nobody happens to be there. 0.2: where every fifth falls silent for an hour (the mean under
    Jeffreys' prior), vessels aren't heard on. Judgements."""
    min_heard_near: PositiveInt = 5
    """See `min_known_hours`."""
    max_silence_probability: PositiveFloat = Field(0.2, le=1.0)
    """See `min_known_hours`."""
    harbour_classes: ZoneClasses = ("port", "anchorage")
    """Where boats without AIS come and go: ports and anchorages, and 1 km off the shore."""
    near_land_m: PositiveFloat = 1000.0
    """See `harbour_classes`."""

    @property
    def motion(self) -> association.Motion:
        """Return how the uncertainty of a track grows."""
        return association.Motion(
            self.max_silence_s,
            self.still_mps,
            self.between_share,
            self.beyond_share,
            self.clock_error_s,
        )

    @property
    def prior(self) -> association.Prior:
        """Return how many vessels there are that AIS doesn't show."""
        return association.Prior(self.voluntary_length_m, self.small_per_km2, self.large_per_km2)
