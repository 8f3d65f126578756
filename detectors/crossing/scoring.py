"""How much a crossing deserves a look, before explanations."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from detectors.core.evidence import Bound
from detectors.crossing.endings import AT_A_COAST, AT_SEA, NEAR, SHORE, UNHEARD
from detectors.hypotheses.landfalls import SHOAL_M, SLOW_KN

FAST_KN: Final = 18.0
"""A class A set that is slower than this may well be a ship's."""
MIN_SCORE: Final = 0.15
"""What scores less, ships off the coasts of a narrow strait mostly, isn't worth the reading."""
OF_END: Final = {SHORE: 1.0, NEAR: 1.0, UNHEARD: 0.7, AT_SEA: 0.3}
OF_UNHEARD: Final = 0.8
"""Of half a crossing, each for where it set out and for where it landed."""
MOST_OF_IT: Final = (0.65, 0.75)
"""Who was heard over less of the width may come from a ground off there, over more from there (a
judgement: two planted crossings that began before their feed were heard over 0.72 and 0.81, two
boats off a ground over 0.5 and 0.63; one bound for a ground near the boundary had come over 0.5 as
its feed ended)."""


def may_score(
    width_fraction: float, mean_kn: float, sides_changed: bool, ways: tuple[str, str], by_a: bool
) -> bool:
    """Tell whether a passage may score `MIN_SCORE`, by what is known of it before it is measured.

    It is held to have landed where it ended at the shore. Each other factor of `of_passage` is at
    most what stands here, in the same order, so that rounding can't lift a score above it.

    Parameters
    ----------
    ways
        How it began and ended.
    by_a
        Whether a set of class A sent its first report.
    """
    began, ended = ways
    score = _of_way(width_fraction, mean_kn, ended, ended == SHORE)
    score *= OF_END[began] * OF_END[ended]
    score *= 1.0 if sides_changed else 0.6
    score *= 0.6 if by_a and mean_kn < FAST_KN and ended != SHORE else 1.0
    return score >= MIN_SCORE


def _of_way(width_fraction: float, mean_kn: float, ended: str, landed: bool) -> float:
    """Return what speaks for a passage by how far across it led, where, and how fast."""
    score = 0.45 + 0.2 * min(1.0, max(0.0, (width_fraction - 0.2) / 0.6))
    score += 0.2 if landed else 0.1 if ended in AT_A_COAST else 0.0
    return score + 0.1 * min(1.0, mean_kn / 20.0)


def of_passage(evidence: Mapping[str, Any], port_m: float) -> float | None:
    """Return the score of a passage that may lead across, None where too little speaks for it."""
    began, ended = evidence["began"], evidence["ended"]
    mean_kn = evidence["mean_speed_kn"]
    landed = evidence["landed"] and not at_a_port(evidence, "end", port_m)
    score = _of_way(evidence["width_fraction"], mean_kn, ended, landed)
    # Where the feed itself begins, that a vessel is first heard amid the strait tells nothing; nor
    # where a pass begins, of a slow boat: out from a coast, or up from a ground off there.
    # Who was built for a run isn't bound for a ground.
    slow, of_begin = mean_kn < SLOW_KN, OF_END[began]
    by_passes = slow and evidence.get("feed_by_passes", False)
    if began == UNHEARD and (evidence["feed_begins"] or by_passes):
        of_begin = np.interp(evidence["width_fraction"], MOST_OF_IT, (OF_END[AT_SEA], of_begin))
    # Who kept its way past a shore from where it lay at sea came from there, not from that shore.
    if evidence.get("came_past") and evidence["run_start_coast_m"] >= SHOAL_M:
        of_begin = OF_END[AT_SEA]
    # Nor does it, of one that is out there as the feed ends: bound for a ground, or over.
    of_end = OF_END[ended]
    if ended == UNHEARD and ((evidence["feed_ends"] and slow) or by_passes):
        of_end = np.interp(evidence["width_fraction"], MOST_OF_IT, (OF_END[AT_SEA], of_end))
    score *= of_begin * of_end
    score *= 1.0 if evidence["sides_changed"] else 0.6
    score *= 0.75 + 0.25 * evidence["dark_fraction"]
    if evidence["ais_class"] != "B" and mean_kn < FAST_KN and not landed:
        score *= 0.6
    stated_kn = evidence["median_sog_kn"]
    contradicted = stated_kn is not None and stated_kn < 0.5 * evidence["speed_kn"]
    score *= 0.3 if contradicted else 1.0
    return float(score) if score >= MIN_SCORE else None


def at_a_port(evidence: Mapping[str, Any], end: str, port_m: float) -> bool:
    """Tell whether an end (`start`, `end`) of a passage lies at a port or an anchorage."""
    return any(evidence[f"{end}_{where}_m"] <= port_m for where in ("port", "anchorage"))


def of_half(evidence: Mapping[str, Any]) -> float:
    """Return the score of half a crossing."""
    out = evidence["out_fraction"]
    share = out.measured if isinstance(out, Bound) else out
    score = 0.45 + (0.3 if evidence["n_met"] else 0.0) + 0.1 * min(1.0, share / 0.5)
    score *= 1.0 if evidence["began"] == SHORE else OF_UNHEARD
    score *= 1.0 if evidence["landing_heard"] else OF_UNHEARD
    return float(score * (0.75 + 0.25 * evidence["dark_fraction"]))
