"""What the rule of unmatched sightings goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings.settings import ZoneClasses
from detectors.vessels import association


class Limits(Detector):
    """The parameters of `unmatched_sighting`.

    Parameters
    ----------
    min_unmatched_probability
        0.7: what is as likely as not a vessel with AIS asks for no look.
    max_silence_s
        Half an hour: no track is carried further than that from a report of its own, so that it is
        interpolated over a silence of up to an hour.
    still_mps, between_share, beyond_share
        See `association.Motion`. At 12 kn 1 m/s between two reports, which is a turn of 20 degrees
        half-way, and 2.7 m/s beyond the last; 0.2 m/s lying still.
    clock_error_s
        2 minutes: receivers that stamp reports by a clock of their own are minutes off now and
        then, and people write times down to a few minutes.
    sar_shift_s
        45 s, for sources that name SAR: a ship is displaced along the satellite's track by its
        speed towards the radar times slant range over satellite speed (Rodger & Guida 2021), 65 s
        in ground range for Sentinel-1, of which its course takes two thirds on average.
    voluntary_length_m
        45 m, about 300 GT: SOLAS chapter V, regulation 19.2.4 asks for AIS from 300 GT on (on
        international voyages; 500 GT on others; all passenger ships).
    small_per_km2, large_per_km2
        Vessels without AIS: one small one in 20 km² (about what the Strait's fishing fleets make),
        a large one in 2,000 km². Judgements; Paolo et al. find 72-76 % of industrial fishing
        vessels and 21-30 % of the others without public AIS.
    scene_s
        10 s: sightings of one source within the same ten seconds are of different vessels.
    max_explaining_s
        10 min, from which on a vessel in a gap no longer explains a sighting.
    min_lead_probability
        0.2, for a silent vessel to be named.
    reach_share, min_reach_kn, max_reach_kn
        A silent vessel goes at most 1.25 times as fast as before, at least 6 kn, at most 30 kn.
    near_m
        2 km: a boat that close to a loiterer is within ten minutes of it. At the density of small
        craft given above it is there by chance in half of the cases, so it is a hint only.
    min_known_hours, min_heard_near, max_silence_probability
        16 half hours in which vessels were heard around the place in the day before, one each, and
        20 vessels heard within a station's reach (`Coverage.receiving`) in that half hour:
        reception is known there though nobody happens to be there. 0.2: where every fifth falls
        silent for an hour (the mean under Jeffreys' prior), vessels aren't heard on. Judgements.
    harbour_classes, near_land_m
        Where boats without AIS come and go: ports and anchorages, and 1 km off the shore.
    """

    min_unmatched_probability: PositiveFloat = Field(default=0.7, le=1.0)
    max_silence_s: PositiveInt = Field(default=1800, le=7200)
    still_mps: PositiveFloat = 0.2
    between_share: PositiveFloat = 0.15
    beyond_share: PositiveFloat = 0.4
    clock_error_s: float = Field(default=120.0, ge=0)
    sar_shift_s: float = Field(default=45.0, ge=0)
    voluntary_length_m: PositiveFloat = 45.0
    small_per_km2: PositiveFloat = 0.05
    large_per_km2: PositiveFloat = 0.0005
    scene_s: PositiveInt = 10
    max_explaining_s: PositiveInt = 600
    min_lead_probability: PositiveFloat = Field(default=0.2, le=1.0)
    reach_share: PositiveFloat = 1.25
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    near_m: PositiveFloat = 2000.0
    min_known_hours: PositiveInt = 16
    min_heard_near: PositiveInt = 20
    max_silence_probability: PositiveFloat = Field(default=0.2, le=1.0)
    harbour_classes: ZoneClasses = ("port", "anchorage")
    near_land_m: PositiveFloat = 1000.0

    @property
    def motion(self) -> association.Motion:
        """How the uncertainty of a track grows."""
        return association.Motion(
            self.max_silence_s,
            self.still_mps,
            self.between_share,
            self.beyond_share,
            self.clock_error_s,
        )

    @property
    def prior(self) -> association.Prior:
        """How many vessels there are that AIS doesn't show."""
        return association.Prior(self.voluntary_length_m, self.small_per_km2, self.large_per_km2)
