"""One hull that goes on under another number."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.evidence import Bound, at_least, at_most
from detectors.core.frames import SECOND_US, epoch_us
from detectors.hypotheses import identity
from detectors.identity.going_on import silent_s_of, under_way
from detectors.identity.limits import Limits
from detectors.identity.story import FIELDS, SCORES, Story, VesselReports
from detectors.kinematics import geodesy, hand_over, shapes, track_ends
from detectors.vessels import statement
from detectors.vessels.numbers import BAD_FORM, BAD_MID, edits, is_default_number, mmsi_kind

LOST_M: Final = 18_520.0
LOST_S: Final = 6 * 3600
"""Where and when others must have been lost too for reception to end there: within 10 nm, over
which a receiver's range doesn't change, in the six hours before."""
SETTINGS: Final = ("max_clock_s", "min_silence_s")
WORDS: Final = {"name": "name", "imo": "IMO number", "callsign": "call sign"}


def thin(limits: Limits, pairs: hand_over.HandOvers) -> NDArray[np.bool_]:
    """Tell which of two are heard so seldom that it matters who else was lost there: more seldom
    than who is under way, or lies, is where stations hear it.
    """
    sails = under_way(limits, pairs.end)
    often_s = np.where(sails, identity.THIN_S, identity.THIN_AT_REST_S)
    return np.asarray(np.maximum(pairs.end.interval_s, pairs.begin.interval_s) > often_s)


def switches(
    limits: Limits,
    reports: VesselReports,
    ending: track_ends.Ends,
    pairs: hand_over.HandOvers,
    statements: pd.DataFrame,
    context: Context,
) -> Iterator[Story]:
    """Return the stories of tracks that go on from where another vessel's ended.

    `ending, pairs`: where tracks of any vessel ended, and which go on; rows count from each track's
    first.
    """
    silent_s, sails = silent_s_of(pairs.end, context), under_way(limits, pairs.end)
    seldom = thin(limits, pairs)
    here = np.isin(pairs.end.track_id, reports.tracks)
    here &= np.isin(pairs.begin.track_id, reports.tracks)
    both = np.r_[pairs.end.track_id[here], pairs.begin.track_id[here]]
    words = statements[statements["mmsi"].isin(np.unique(both // 100)).to_numpy(bool)]
    for i in np.flatnonzero(here).tolist():
        tracks = [int(pairs.end.track_id[i]), int(pairs.begin.track_id[i])]
        gave, took = (track // 100 for track in tracks)
        begin_us = int(pairs.begin.time_us[i])
        until_us = begin_us + limits.matched_s * SECOND_US
        mine, theirs = (
            _known(words, m, begin_us - limits.memory_s * SECOND_US, until_us) for m in (gave, took)
        )
        both = [k for k in FIELDS if mine.get(k) and theirs.get(k)]
        same = [k for k in both if mine[k] == theirs[k]]
        otherwise = [
            k
            for k in both
            if k not in same and not statement.is_typing(str(mine[k]), str(theirs[k]), k)
        ]
        unheard_s = min(float(pairs.begin.silent_s[i]), float(limits.memory_s))
        lengths = [float(v.get("length_m", np.nan)) for v in (mine, theirs)]
        unlike = abs(lengths[0] - lengths[1]) > max(10.0, 0.15 * max(lengths))
        pause_s, miss_m = float(pairs.pause_s[i]), float(pairs.miss_m[i])
        max_pause_s, clock_s = float(pairs.max_pause_s[i]), float(pairs.clock_s[i])
        rivals, likeness = int(pairs.rivals[i]), float(pairs.likeness[i])
        score = SCORES["hand_over"] * (1 - 0.2 * max(pause_s, 0) / max_pause_s)
        score *= likeness
        at_rest = not sails[i]
        turned_deg = 0.0 if at_rest else float(pairs.course_change_deg[i])
        score *= 1 - 0.3 * min(max(turned_deg - 30.0, 0.0) / 45.0, 1.0)
        score *= 0.7 if unheard_s < limits.memory_s / 2 else 1.0
        score *= 0.8 if rivals else 1.0
        score *= 0.8 if abs(clock_s) > 60 else 1.0
        score *= 0.85 if unlike else 1.0
        is_long = max_pause_s != limits.max_pause_s
        first = reports.span_of(tracks[0])[0] + int(pairs.end.row[i])
        second = reports.span_of(tracks[1])[0] + int(pairs.begin.row[i])
        evidence = {
            "from_mmsi": f"{gave:09d}",
            "to_mmsi": f"{took:09d}",
            "pause_s": at_most(pause_s, limits, "max_pass_pause_s" if is_long else "max_pause_s"),
            "miss_m": Bound(miss_m, float(pairs.miss_limit_m[i]), "at_most"),
            "speed_change_kn": Bound(
                float(pairs.speed_change_kn[i]), float(pairs.speed_limit_kn[i]), "at_most"
            ),
            "at_rest": at_rest,
            **({} if at_rest else _courses(pairs, i)),
            "likeness": likeness,
            "clock_difference_s": clock_s,
            "speed_kn": float(pairs.end.speed_kn[i]),
            "other_speed_kn": float(pairs.begin.speed_kn[i]),
            "interval_s": float(pairs.end.interval_s[i]),
            "other_interval_s": float(pairs.begin.interval_s[i]),
            "heard_before_s": min(float(pairs.end.heard_s[i]), float(limits.memory_s)),
            **_alone(limits, float(silent_s[i]), unheard_s, pause_s if is_long else None),
            "n_rivals": rivals,
            "n_reports": 2,
            "n_mmsi_edits": edits(str(gave), str(took), 8),
            "length_m": lengths[0],
            "other_length_m": lengths[1],
            "old_number_invalid": mmsi_kind(gave) in (BAD_MID, BAD_FORM),
            "default_number": is_default_number(gave),
            "says_the_same": bool(same),
            "says_otherwise": bool(otherwise),
            "class_b_only": bool(reports.is_class_b[[first, second]].all()),
            **_at_once(limits, reports, tracks, begin_us),
            **(_others_lost(reports, ending, pairs, i) if seldom[i] else {}),
            "same_said": ", ".join(f"{WORDS[k]} {mine[k]}" for k in same),
            "first_report_source": reports.source_of(first),
            "last_report_source": reports.source_of(second),
        }
        yield Story(
            "hand_over",
            tuple(sorted(tracks)),
            min(int(pairs.end.time_us[i]), begin_us),
            begin_us + limits.min_after_s * SECOND_US,
            float(pairs.end.lat[i]),
            float(pairs.end.lon[i]),
            score,
            evidence,
            settings=("min_lying", *SETTINGS) if at_rest else ("max_course_change_deg", *SETTINGS),
            anchor_us=begin_us,
        )


def _courses(pairs: hand_over.HandOvers, i: int) -> dict[str, Any]:
    """Return the courses before and after, of who was under way."""
    turned_deg, limit_deg = float(pairs.course_change_deg[i]), float(pairs.course_limit_deg[i])
    return {
        "course_change_deg": Bound(turned_deg, limit_deg, "at_most"),
        "course_deg": float(pairs.end.course_deg[i]),
        "other_course_deg": float(pairs.begin.course_deg[i]),
    }


def _alone(
    limits: Limits, silent_s: float, unheard_s: float, pause_s: float | None
) -> dict[str, Any]:
    """Return for how long neither was heard on the other's side: after a long pause, a limit.

    `pause_s`: that pause, from whose end on the first is awaited for as long as it must be silent.
    """
    if pause_s is None:
        return {
            "silent_after_s": min(silent_s, float(limits.matched_s)),
            "unheard_before_s": unheard_s,
        }
    least, awaited_s = "min_pass_silence_s", max(pause_s, 0.0) + limits.min_pass_silence_s
    return {
        "silent_after_s": at_least(min(silent_s, awaited_s), limits, least),
        "unheard_before_s": at_least(unheard_s, limits, least),
    }


def _at_once(
    limits: Limits, reports: VesselReports, tracks: list[int], begin_us: int
) -> dict[str, Any]:
    """Count reports of two tracks beside which the other was heard elsewhere: further away than two
    sets of one ship are, and than she sails between the two reports. Those of the one of which they
    are fewer count: one report with a wrong time stands beside several of the other.

    In the hours before a hand-over that count, and in those after it in which more may come.
    """
    since_us = begin_us - limits.memory_s * SECOND_US
    until_us = begin_us + limits.max_interruption_s * SECOND_US
    spans = [slice(*reports.span_of(track)) for track in tracks]
    a, b = (
        span.start
        + np.flatnonzero((reports.time_us[span] >= since_us) & (reports.time_us[span] <= until_us))
        for span in spans
    )
    if not len(a) or not len(b):
        return {"n_apart_at_once": 0}
    after = np.searchsorted(reports.time_us[b], reports.time_us[a])
    around = b[np.clip(np.stack([after - 1, after]), 0, len(b) - 1)]
    off_s = np.abs(reports.time_us[around] - reports.time_us[a]) / SECOND_US
    nearest = off_s.argmin(axis=0), np.arange(len(a))
    other, off_s = around[nearest], off_s[nearest]
    apart_m = geodesy.apart_m(reports, a, other)
    sailed_m = limits.max_transit_kn * geodesy.KNOT_MPS * off_s
    elsewhere = (off_s <= limits.max_clock_s) & (apart_m > limits.max_together_m + sailed_m)
    fewer = min(int(np.count_nonzero(elsewhere)), len(np.unique(other[elsewhere])))
    found: dict[str, Any] = {"n_apart_at_once": fewer}
    return found | ({"apart_at_once_m": float(apart_m[elsewhere].max())} if elsewhere.any() else {})


def _others_lost(
    reports: VesselReports, ending: track_ends.Ends, pairs: hand_over.HandOvers, i: int
) -> dict[str, Any]:
    """Count others that passed the place of a hand-over before it, and that were lost there."""
    lat, lon = float(pairs.end.lat[i]), float(pairs.end.lon[i])
    until_us = int(pairs.begin.time_us[i])
    own = np.array([pairs.end.track_id[i], pairs.begin.track_id[i]]) // 100

    def others(source: VesselReports | track_ends.Ends, mmsi: Ints, at: Ints) -> int:
        when_us = source.time_us[at]
        at = at[(when_us >= until_us - LOST_S * SECOND_US) & (when_us <= until_us)]
        near = geodesy.distance_m(lat, lon, source.lat[at], source.lon[at]) <= LOST_M
        return int(np.count_nonzero(~np.isin(np.unique(mmsi[at[near]]), own)))

    band = np.flatnonzero(np.abs(reports.lat - lat) <= LOST_M / shapes.DEGREE_M)
    n_lost = others(ending, ending.track_id // 100, np.arange(len(ending)))
    n_passed = others(reports, reports.track // 100, band)
    return {"n_others_lost": n_lost, "n_others_passed": n_passed, "lost_within_m": LOST_M}


def _known(statements: pd.DataFrame, mmsi: int, since_us: int, until_us: int) -> dict[str, Any]:
    """Return what a vessel said last of each field between two times."""
    own = statements[(statements["mmsi"] == mmsi).to_numpy(bool)]
    first_us, last_us = epoch_us(own["first_time"]), epoch_us(own["last_time"])
    own = own[(first_us <= until_us) & (last_us >= since_us)].sort_values(
        ["first_time", "imo", "name", "callsign"], kind="stable"
    )
    known: dict[str, Any] = {}
    for name in ("name", "callsign", "imo", "length_m"):
        column = own[name]
        filled = column.notna() & column.ne("") & column.ne(0)
        if filled.any():
            known[name] = column[filled.to_numpy(bool)].iloc[-1]
    return known
