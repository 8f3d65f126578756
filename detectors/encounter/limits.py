"""What the rule of encounters goes by."""

from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from detectors.core.detector import Detector
from detectors.surroundings import settings, sun
from detectors.surroundings.settings import ZoneClasses


class Limits(Detector):
    """The parameters of `encounter`."""

    max_distance_m: PositiveFloat = 500.0
    """500 m, Miller et al. (2018) and Global Fishing Watch."""
    max_speed_kn: PositiveFloat = 2.5
    """Speed over a step, from positions. 2.5 kn rather than the 2 kn of Miller et al. because two
    drifting vessels are carried along by the tidal stream (2 kn and more in the Singapore Strait),
    yet below the 2.5 to 4 kn at which trawlers tow. Their median against 2 kn is kept in evidence
    and lowers the score."""
    min_duration_s: PositiveInt = 1800
    """30 minutes, as Starboard Maritime Intelligence uses within 200 m ("How are vessel encounters
    identified?"); the 2 h of Miller et al. miss a small tanker's or a boat's transfer. Whether the
    stricter rule is met is kept in evidence."""
    min_brief_s: PositiveInt = 720
    """12 minutes measured. Handing over goods or people to a boat takes some 20 minutes; at reports
    every 3 minutes (class A at anchor, class B below 2 kn: ITU-R M.1371-5, annex 1, tables 1 and 2)
    interpolation loses up to an interval and a step at either end."""
    max_alongside_m: PositiveFloat = 250.0
    """250 m between antennas (a ship's is up to 300 m from where a boat lies), 120 m for two larger
    vessels (nearer than a tow lies astern), and 1.5 kn for a boat that lies to (position noise of
    10 m on both sides makes 0.3 kn of a step)."""
    max_hull_distance_m: PositiveFloat = 120.0
    """See `max_alongside_m`."""
    max_relative_speed_kn: PositiveFloat = 1.5
    """See `max_alongside_m`."""
    max_station_kn: PositiveFloat = 0.8
    """0.8 kn: who overtakes at less is still within a mile half an hour later, which is company. 18
    kn for a boat with a ship: ships of the lanes make 12 to 16, pilots board at 6 to 10, and
    guidance against piracy takes more than 18 for a protection (Best Management Practices 4, 2011:
    no boarding reported above). 7 kn for two ships, in which they can lie alongside one another."""
    max_drift_kn: PositiveFloat = 3.3
    """3.3 kn: the stream of the narrows reaches 3 kn at springs, and two vessels that keep their
    place against one another in it are together."""
    max_alongside_speed_kn: PositiveFloat = 7.0
    """See `max_station_kn`."""
    max_boat_speed_kn: PositiveFloat = 18.0
    """See `max_station_kn`."""
    max_clock_error_s: PositiveFloat = 60.0
    """A minute between the clocks of two receivers or transmitters, which seems 150 m at 5 kn and
    nothing at rest."""
    max_small_m: PositiveFloat = 45.0
    """Small craft: class B whatever it says of its length, or no longer than 45 m. A vessel of
    class A that doesn't say how long it is isn't taken for one."""
    min_boarding_s: PositiveInt = 120
    """2 minutes, a step between two reports of a boat alongside, or else two steps: boarders that
    come up from astern of a ship under way in the dark are gone within minutes, and so are boats
    that come and go planing, of which class B reports every 3 minutes meanwhile. Dark is below -6
    degrees, the end of civil twilight."""
    max_sun_altitude_deg: float = Field(sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    """See `min_boarding_s`."""
    max_interruption_s: PositiveInt = 1200
    """20 and 6 minutes: one lost position or a swing on the hawser doesn't cut an encounter in two,
    and vessels that pass twice don't make one."""
    min_piece_s: PositiveInt = 360
    """See `max_interruption_s`."""
    max_silence_s: PositiveInt = 1800
    """30 minutes; class A at anchor reports every 3 minutes, class B below 2 kn as often (ITU-R
    M.1371-5, table 1), and receivers lose some."""
    max_pass_s: PositiveInt = 7200
    """2 hours, one missed of passes up to an hour apart, the longest interval over which Global
    Fishing Watch interpolates what satellites hear (pipe-encounters, `MAX_GAP_HOURS`); and only
    where what was silent lay or drifted: see the rule."""
    step_s: PositiveInt = 120
    """2 minutes: 10 m of position noise then make 0.2 kn."""
    excluded_classes: ZoneClasses = ("port",)
    """Zone classes that are left out whole, and those in which only vessels alongside count, within
    150 m: ships at anchor lie a swinging circle apart."""
    crowded_classes: ZoneClasses = ("anchorage",)
    """See `excluded_classes`."""
    max_crowded_distance_m: PositiveFloat = 150.0
    """See `excluded_classes`."""
    near_land_m: PositiveFloat = 300.0
    """Closer to land than this the pair is taken for berthed, and its score is lowered."""
    company_m: PositiveFloat = 1000.0
    """They came together (parted) when 10, 20 or 30 minutes before (after) they were 1000 m apart
    or more; otherwise they came (left) in company. Judgement; twice `max_distance_m`. Where one of
    them wasn't heard then, the last of the ten-minute marks before counts at which both were, up to
    `raft_memory_s` back: a barge heard now and then doesn't come to its tug each time."""
    company_s: PositiveInt = 1800
    """See `company_m`."""
    neighbour_m: PositiveFloat = 1852.0
    """1 nm: other slow vessels within it for half of the encounter make a crowd, in which lying
    near one another says less."""
    min_lying: PositiveInt = 7
    """5 others lying at once within a mile or so, in the day before or when it began: a harbour or
    an anchorage, whether a zone says so or not (`surroundings.lying`). As of gaps and loiterings:
    rafts of a transfer are of two or three."""
    licensed_edge_m: PositiveFloat = 500.0
    """500 m off an area that is licensed for transfers is in it: so uncertain are the lines of the
    layers, and so far a ship at anchor swings over one."""
    anchorage_edge_m: PositiveFloat = 310.0
    """310 m off an anchorage is in it: a ship whose anchor lies inside swings so far over the line
    (half of the most that four tankers at anchor off Singapore moved)."""
    raft_memory_s: PositiveInt = 21_600
    """6 hours: how far back pairs are joined to rafts when a pair parts."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        settings.at_most(self, "step_s", "min_piece_s")
        settings.at_most(self, "max_silence_s", "max_pass_s")
        settings.at_most(self, "min_boarding_s", "min_brief_s")
        settings.at_most(self, "min_piece_s", "min_brief_s")
        settings.at_most(self, "min_brief_s", "min_duration_s")
        settings.at_most(self, "max_hull_distance_m", "max_alongside_m")
        settings.at_most(self, "max_alongside_m", "max_distance_m")
        settings.at_most(self, "max_crowded_distance_m", "max_distance_m")
        settings.at_most(self, "max_speed_kn", "max_drift_kn")
        settings.at_most(self, "max_drift_kn", "max_alongside_speed_kn")
        settings.at_most(self, "max_alongside_speed_kn", "max_boat_speed_kn")
        settings.at_most(self, "max_station_kn", "max_relative_speed_kn")
        return self
