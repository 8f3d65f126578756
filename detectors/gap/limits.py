"""What the rule of gaps goes by."""

from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core.detector import Detector
from detectors.surroundings import coverage, passes
from detectors.surroundings.settings import ZoneClasses


class Limits(Detector):
    """The parameters of `gap`."""

    min_duration_a_s: PositiveInt = Field(3600, ge=2 * coverage.SLOT_S)
    """1 h and 2 h. Class A reports every 3 min or more often (ITU-R M.1371-5, annex 1, table 1), so
    an hour is twenty reports missed; class B is weaker, slower and more often lost. GFW's 12 h
    (Welch et al. 2022) is for satellite reception on the high seas; a tanker crosses the Singapore
    Strait in six."""
    min_duration_b_s: PositiveInt = Field(7200, ge=2 * coverage.SLOT_S)
    """See `min_duration_a_s`."""
    max_duration_s: PositiveInt = 14 * 86_400
    """14 days."""
    history_s: PositiveInt = 10_800
    """3 h and three quarters of one, 5 reports over half an hour, ten times. Judgements: an
    interval ten times the longest of late is not the same reception any more, and at 12 kn what was
    heard 17 km back is that of another place; a satellite hears a ship for ten minutes of a pass,
    which is no regular reception."""
    recent_s: PositiveInt = 2700
    """See `history_s`."""
    min_history_reports: PositiveInt = Field(5, ge=2)
    """See `history_s`."""
    min_regular_s: PositiveInt = 1800
    """See `history_s`."""
    min_interval_ratio: PositiveFloat = 10.0
    """See `history_s`."""
    min_neighbours: PositiveInt = 2
    """2 vessels in 60 % of the half hours, over 12 h. Welch et al. ask for a density of reception
    likewise. A vessel counts once for each cell that it was heard in, hence 2."""
    min_heard_fraction: PositiveFloat = Field(0.6, le=1.0)
    """See `min_neighbours`."""
    min_known_hours: PositiveInt = 8
    """8 and 4 half hours; three quarters of a half hour in which others were heard, and two fifths:
    one under way needs others beside it in a third of the time or for two hours in all. Class B,
    whose weak signal depends on the boat and its aerial, always needs its like beside it."""
    min_beside: PositiveInt = 4
    """See `min_known_hours`."""
    known_worth_moving: float = Field(0.4, ge=0, le=1)
    """See `min_known_hours`."""
    known_worth_still: float = Field(0.75, ge=0, le=1)
    """See `min_known_hours`."""
    known_worth_sharp: float = Field(0.9, ge=0, le=1)
    """0.9 if it was cut off sharply: its own reports, in full at both ends, show it to be heard
    there; others beside it would show little more."""
    min_well_known_hours: PositiveInt = 48
    """48, one vessel in each half hour of the day, of whom one fell silent at most; 0.03. At the
    receivers' edges of simulated feeds the chance is 0.04 and more."""
    max_well_known_chance: PositiveFloat = Field(0.03, le=1.0)
    """See `min_well_known_hours`."""
    assessed_s: PositiveInt = 43_200
    """See `min_neighbours`."""
    min_edge_silences: PositiveInt = 3
    """3, and 0.05 of the vessels, each counted once per cell and half hour that it was heard in. A
    vessel passing through is counted four to six times, so 0.05 is every fourth or fifth of them;
    where vessels linger, as in a transfer area, a few silences among them stay below. Judgement: at
    the receivers' edges of simulated feeds it is 0.1 to 0.5, elsewhere below 0.04."""
    max_other_silence_ratio: PositiveFloat = 0.05
    """See `min_edge_silences`."""
    moving_kn: PositiveFloat = 3.0
    """3 kn, and 30 km: with cells of 11 km the place ahead is heard from 14 km on, well within the
    20-40 nm that a coast station reaches. A quarter: a ship that is out and back in range otherwise
    has turned round where nobody hears it, and come out near where it went in."""
    ahead_m: PositiveFloat = 30_000.0
    """See `moving_kn`."""
    came_back_share: float = Field(0.25, ge=0, le=1)
    """See `moving_kn`."""
    berth_classes: ZoneClasses = ("port", "anchorage", "landing_place")
    """Zones where vessels moor and transmitters are put out with the lights; 15 min of approach;
    500 m, beyond which a ship doesn't lie alongside."""
    approach_classes: ZoneClasses = ("port", "landing_place")
    """See `berth_classes`."""
    approach_s: PositiveInt = 900
    """See `berth_classes`."""
    alongside_m: PositiveFloat = 500.0
    """See `berth_classes`."""
    min_lying: PositiveInt = 5
    """5 vessels lying at once within a mile or so in the day before, and 2 whose sets went off as
    they lay: a berth or an anchorage, whether a zone says so or not. Judgements: rafts of a
    transfer are of two or three."""
    min_sets_off: PositiveInt = 2
    """See `min_lying`."""
    min_passes: PositiveInt = 2
    """2 half hours of the history in which it was heard, over `min_regular_s`, so that they are two
    passes; two more while it is silent still. That they are few is in the chance of missing the
    passes already."""
    max_thin_reports: PositiveFloat = 5.0
    """5 reports of a vessel in a half hour on average: class A at anchor and class B send ten
    (ITU-R M.1371-5, annex 1, tables 1 and 2), of which a coast station hears most; of a pass one or
    two get into a feed. Measured on simulated nights: 2-4 reports where satellites alone hear, 9-14
    off the coast stations."""
    max_feed_share: PositiveFloat = Field(passes.BY_PASSES, le=1.0)
    """A feed that heard nothing in every tenth of the ten minutes of the day before comes by passes
    alone, the longest time aside, which may be an outage: simulated nights heard by satellites had
    0.5 to 0.8, feeds of stations, thinned ones too, 1.0."""
    min_even_share: PositiveFloat = Field(0.4, le=1.0)
    """0.4, and 20 minutes: where a vessel was heard in each half hour of the history, in intervals
    of so much on average, the median at least so large a share of that, no passes brought its
    reports, but stations of a feed that keeps few of them. Before silences in a Baltic feed thinned
    to one report in six minutes the share was 0.48 to 1.0; on nights that satellites heard 0.06 to
    0.13, or 0.6 and more of intervals of half an hour."""
    max_even_s: PositiveFloat = 1200.0
    """See `min_even_share`."""
    max_missed_chance: PositiveFloat = Field(0.006, le=0.5)
    """0.006: so seldom a vessel misses its passes by chance: four in turn after five of five. 0.002
    for class B, whose signal is lost with the crowd below the satellite, for several passes in
    turn. Measured on five simulated nights heard by satellite alone, two of them with nothing
    planted: of 449 other silences of an hour or more of class A one under way that ended was as
    rare."""
    max_missed_chance_b: PositiveFloat = Field(0.002, le=0.5)
    """See `max_missed_chance`."""
    n_prior_chances: PositiveFloat = 4.0
    """4 chances, of which 0.13 or more were missed: vessels differ as if each had a prior of 4 to
    12 (of beta distributions fitted by moments), and class A missed 0.11 to 0.14 of its chances,
    class B 0.18 to 0.24, on three simulated nights heard by satellite alone. The least counts: an
    hour in which nobody fell silent doesn't show that everybody is heard. Of class A under way the
    passes themselves are counted, and worth 8, the middle of that: on twelve simulated nights heard
    by satellite alone, four of them with nothing planted, 32 of 33 silences of sets switched off
    were as rare as is asked for, and none of 150 others that weren't spoofing."""
    n_prior_passes: PositiveFloat = 8.0
    """See `n_prior_chances`."""
    min_prior_missed: PositiveFloat = Field(0.13, le=0.5)
    """See `n_prior_chances`."""
    habit_s: PositiveInt = 86_400
    """Evidence says how often in the day before the same track was silent at least half as long
    while others around were heard: a set may be switched on and off all day, or fail."""
    alike_share: PositiveFloat = Field(0.5, le=1.0)
    """See `habit_s`."""
    ground_m: PositiveFloat = 3704.0
    """2 nm around its last place: the ground on which it worked, if it went to and fro there. A
    judgement: a Danish dredger went up and down 1 nm for eight hours."""
    in_full_s: PositiveInt = 1200
    """20 min, 7 reports of 10, no interval over 3.2 times the usual one. Going at 12 kn out of a
    station's reach takes a vessel through the last quarter of it in more than that, and as much
    longer where it makes less, straight on (from `moving_kn`). Measured on 20 simulated nights: so
    cut off at both ends are 83 % of the silences of class A that were switched off, and none of 146
    of vessels out of range; on 17 others 73 of 80 and 8 of 57 are so up to the last report, 78 and
    4 from the first one after."""
    in_full_share: PositiveFloat = Field(0.7, le=1.0)
    """See `in_full_s`."""
    max_in_full_ratio: PositiveFloat = 3.2
    """See `in_full_s`."""
    sharp_silence_share: PositiveFloat = Field(0.25, le=1.0)
    """A quarter, for those that fell silent there and weren't cut off sharply at both ends: what
    the chance of falling silent there is worth against a silence that was. By the rule of three it
    is 2 % at most on simulated nights; but islands and headlands cut off sharply too. A judgement;
    likewise twice the bound on the others that fell silent, and half for one heard in full at one
    end alone, of whose way nine tenths are known to be heard."""
    lost_silence_share: PositiveFloat = Field(0.5, le=1.0)
    """See `sharp_silence_share`."""
    sharp_edge_factor: PositiveFloat = Field(2.0, ge=1.0)
    """See `sharp_silence_share`."""
    late_pause_s: PositiveInt = 300
    """5 to 30 min, a quarter of the way, 45 degrees: at 3 kn or more it would be 460 m off. Of 89
    silences of class A switched off on 20 simulated nights 6 were followed by such a copy."""
    max_late_pause_s: PositiveInt = 1800
    """See `late_pause_s`."""
    late_share: PositiveFloat = Field(0.25, le=1.0)
    """See `late_pause_s`."""
    same_course_deg: PositiveFloat = Field(45.0, le=180.0)
    """See `late_pause_s`."""
    reach_share: PositiveFloat = Field(1.25, ge=1.0)
    """Evidence says how far from its last position the vessel can have been meanwhile, and in how
    large an area: at 1.25 times the faster of its speed before and of what the way to its next
    position asks for, at least 6 kn, at most 30 kn."""
    min_reach_kn: PositiveFloat = 6.0
    """See `reach_share`."""
    max_reach_kn: PositiveFloat = 30.0
    """See `reach_share`."""
    unproven_after_s: PositiveInt = 86_400
    """24 h. See Notes."""
