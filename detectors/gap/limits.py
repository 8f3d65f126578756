"""What the rule of gaps goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import coverage
from detectors.surroundings.settings import ZoneClasses


class Limits(Detector):
    """The parameters of `gap`.

    Parameters
    ----------
    min_duration_a_s, min_duration_b_s
        1 h and 2 h. Class A reports every 3 min or more often (ITU-R M.1371-5, annex 1, table 1),
        so an hour is twenty reports missed; class B is weaker, slower and more often lost. GFW's
        12 h (Welch et al. 2022) is for satellite reception on the high seas; a tanker crosses
        the Singapore Strait in six.
    max_duration_s
        14 days.
    history_s, recent_s, min_history_reports, min_regular_s, min_interval_ratio
        3 h and three quarters of one, 5 reports over half an hour, ten times. Judgements: an
        interval ten times the longest of late is not the same reception any more, and at 12 kn
        what was heard 17 km back is that of another place; a satellite hears a ship for ten
        minutes of a pass, which is no regular reception.
    min_neighbours, min_heard_fraction, assessed_s
        2 vessels in 60 % of the half hours, over 12 h. Welch et al. ask for a density of
        reception likewise. A vessel counts once for each cell that it was heard in, hence 2.
    min_known_hours, min_beside, known_worth_still, known_worth_moving
        8 and 4 half hours; three quarters of a half hour in which others were heard, and two
        fifths: one under way needs others beside it in a third of the time or for two hours in
        all. Class B, whose weak signal depends
        on the boat and its aerial, always needs its like beside it.
    min_well_known_hours, max_well_known_chance
        48, one vessel in each half hour of the day, of whom one fell silent at most; 0.03. At the
        receivers' edges of simulated feeds the chance is 0.04 and more.
    min_edge_silences, max_other_silence_ratio
        3, and 0.05 of the vessels, each counted once per cell and half hour that it was heard in. A
        vessel passing through is counted four to six times, so 0.05 is every fourth or fifth of
        them; where vessels linger, as in a transfer area, a few silences among them stay below.
        Judgement: at the receivers' edges of simulated feeds it is 0.1 to 0.5, elsewhere below
        0.04.
    moving_kn, ahead_m, came_back_share
        3 kn, and 30 km: with cells of 11 km the place ahead is heard from 14 km on, well within the
        20-40 nm that a coast station reaches. A quarter: a ship that is out and back in range
        otherwise has turned round where nobody hears it, and come out near where it went in.
    berth_classes, approach_classes, approach_s, alongside_m
        Zones where vessels moor and transmitters are put out with the lights; 15 min of approach;
        500 m, beyond which a ship doesn't lie alongside.
    min_lying, min_sets_off
        5 vessels lying at once within a mile or so in the day before, and 2 whose sets went off as
        they lay: a berth or an anchorage, whether a zone says so or not. Judgements: rafts of a
        transfer are of two or three.
    min_passes, max_thin_reports, max_missed_chance
        4 half hours of the history in which it was heard; 5 reports of a vessel in a half hour on
        average: class A at anchor and class B send ten (ITU-R M.1371-5, annex 1, tables 1 and 2),
        of which a coast station hears most; of a pass one or two get into a feed. 0.005. Measured
        on simulated nights: 2-4 reports where satellites alone hear, 9-14 off the coast stations.
    habit_s, alike_share
        Evidence says how often in the day before the same track was silent at least half as long
        while others around were heard: a set may be switched on and off all day, or fail.
    reach_share, min_reach_kn, max_reach_kn
        Evidence says how far from its last position the vessel can have been meanwhile, and in how
        large an area: at 1.25 times the faster of its speed before and of what the way to its next
        position asks for, at least 6 kn, at most 30 kn.
    unproven_after_s
        24 h. See Notes.
    """

    min_duration_a_s: PositiveInt = Field(default=3600, ge=2 * coverage.SLOT_S)
    min_duration_b_s: PositiveInt = Field(default=7200, ge=2 * coverage.SLOT_S)
    max_duration_s: PositiveInt = 14 * 86_400
    history_s: PositiveInt = 10_800
    recent_s: PositiveInt = 2700
    min_history_reports: PositiveInt = Field(default=5, ge=2)
    min_regular_s: PositiveInt = 1800
    min_interval_ratio: PositiveFloat = 10.0
    min_neighbours: PositiveInt = 2
    min_heard_fraction: PositiveFloat = Field(default=0.6, le=1.0)
    min_known_hours: PositiveInt = 8
    min_beside: PositiveInt = 4
    known_worth_moving: float = Field(default=0.4, ge=0, le=1)
    known_worth_still: float = Field(default=0.75, ge=0, le=1)
    min_well_known_hours: PositiveInt = 48
    max_well_known_chance: PositiveFloat = Field(default=0.03, le=1.0)
    assessed_s: PositiveInt = 43_200
    min_edge_silences: PositiveInt = 3
    max_other_silence_ratio: PositiveFloat = 0.05
    moving_kn: PositiveFloat = 3.0
    ahead_m: PositiveFloat = 30_000.0
    came_back_share: float = Field(default=0.25, ge=0, le=1)
    berth_classes: ZoneClasses = ("port", "anchorage", "landing_place")
    approach_classes: ZoneClasses = ("port", "landing_place")
    approach_s: PositiveInt = 900
    alongside_m: PositiveFloat = 500.0
    min_lying: PositiveInt = 5
    min_sets_off: PositiveInt = 2
    min_passes: PositiveInt = 4
    max_thin_reports: PositiveFloat = 5.0
    max_missed_chance: PositiveFloat = Field(default=0.005, le=0.5)
    habit_s: PositiveInt = 86_400
    alike_share: PositiveFloat = Field(default=0.5, le=1.0)
    reach_share: PositiveFloat = Field(default=1.25, ge=1.0)
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    unproven_after_s: PositiveInt = 86_400
