"""Explanations: the best innocent reason for each event, and what would overturn it.

Each `Hypothesis` is one reason a sailor would offer. Its test reads what was measured and
answers with a sentence that holds the numbers, or with nothing. The reason with the largest weight
wins and lowers the event's score by that share. Reasons that rest on ship types can't be tested
for a vessel that sent no static data: they are named as untested, and count neither for nor
against it.

Ship types are the first and second digits of ITU-R M.1371-5, table 53; navigation status codes
are those of table 45. Weights are judgements, ordered by how rarely the reason is a disguise.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.events import dump_evidence
from detectors.core.frames import NAV_STATUS_UNDEFINED

NOT_ASSESSED: Final = "not assessed"
"""How the explanation of an event begins that a detector couldn't judge; left as it is."""

FISHING: Final = frozenset({30})
TOWING: Final = frozenset({31, 32})
TUG: Final = frozenset({52})
PILOT: Final = frozenset({50})
WORKING: Final = frozenset({33, 34})
OFFICIAL: Final = frozenset({35, 51, 55, 58})
TENDER: Final = frozenset({53, 54})
PLEASURE: Final = frozenset({36, 37})
PASSENGER: Final = frozenset({*range(40, 50), *range(60, 70)})
TANKER: Final = frozenset(range(80, 90))

AT_ANCHOR, NOT_UNDER_COMMAND, RESTRICTED, MOORED, FISHING_STATUS = 1, 2, 3, 5, 7


@dataclass(frozen=True)
class Facts:
    """What a test may look at: one event's evidence, and what its vessels say they are."""

    kind: str
    subkind: str
    evidence: dict[str, Any]
    ship_types: tuple[int, ...]
    lengths_m: tuple[float, ...] = field(default=())

    def number(self, key: str) -> float:
        """A number from the evidence, NaN where it is missing."""
        value = self.evidence.get(key)
        return float(value) if isinstance(value, int | float) else float("nan")

    def flag(self, key: str) -> bool:
        """Whether the evidence says yes; missing is no."""
        return self.evidence.get(key) is True

    def statuses(self) -> tuple[int, ...]:
        """Navigation status of each vessel, 15 where undefined."""
        keys = ("nav_status", "other_nav_status")[: len(self.ship_types)]
        return tuple(int(self.evidence.get(key, NAV_STATUS_UNDEFINED)) for key in keys)

    def any_type(self, wanted: frozenset[int]) -> bool:
        """Whether at least one vessel says it is of such a type."""
        return any(code in wanted for code in self.ship_types)

    def all_types(self, wanted: frozenset[int]) -> bool:
        """Whether each vessel says it is of such a type."""
        return all(code in wanted for code in self.ship_types)

    def types_known(self) -> bool:
        """Whether each vessel says what it is (0 is the code for not available)."""
        return all(code > 0 for code in self.ship_types)

    @property
    def hours(self) -> float:
        """Duration in hours."""
        return self.number("duration_s") / 3600.0

    @property
    def minutes(self) -> float:
        """Duration in minutes."""
        return self.number("duration_s") / 60.0

    @property
    def slower_drift_kn(self) -> float:
        """Speed made good, of a pair the smaller of both."""
        values = [self.number("drift_kn")]
        if len(self.ship_types) == 2:
            values.append(self.number("other_drift_kn"))
        return min(values)

    def median_speeds_kn(self) -> tuple[float, float]:
        """Median speeds of a pair, the slower first."""
        low, high = sorted((self.number("median_speed_kn"), self.number("other_median_speed_kn")))
        return low, high


Test = Callable[[Facts], str | None]


@dataclass(frozen=True)
class Hypothesis:
    """One innocent reason.

    Attributes
    ----------
    name
        What it is called, in words.
    weight
        The share of the score it takes away, 0 to 1.
    test
        Returns the sentence that says why it fits, or None where it doesn't.
    overturned_by
        What would make it wrong.
    needs_types
        Whether it can't be tested without knowing the ship types.
    """

    name: str
    weight: float
    test: Test
    overturned_by: str
    needs_types: bool = False


def pilot_transfer(facts: Facts) -> str | None:
    """One is a pilot vessel and they part within an hour."""
    if facts.any_type(PILOT) and facts.minutes <= 60:
        return (
            f"one of the two is a pilot vessel and they parted after {facts.minutes:.0f} min "
            "(a pilot is put on board or taken off in less than 60)"
        )
    return None


def tug_and_tow(facts: Facts) -> str | None:
    """One is a tug and they move along together at a steady distance."""
    if (
        facts.any_type(TOWING | TUG)
        and facts.slower_drift_kn >= 1.0
        and facts.number("distance_spread_m") <= 150
    ):
        return (
            f"one of the two is a tug or towing, and they made good {facts.slower_drift_kn:.1f} kn "
            f"together, {facts.number('median_distance_m'):.0f} m apart and steady within "
            f"{facts.number('distance_spread_m'):.0f} m for {facts.hours:.1f} h"
        )
    return None


def bunkering(facts: Facts) -> str | None:
    """In or close to port limits or an anchorage, a small tanker with another vessel."""
    away_m = 0.0 if facts.flag("in_anchorage") else facts.number("anchorage_distance_m")
    tankers = [
        length_m
        for code, length_m in zip(facts.ship_types, facts.lengths_m, strict=True)
        if code in TANKER
    ]
    small = [length_m for length_m in tankers if length_m <= 120]
    if away_m <= 1852 and small and facts.hours <= 12:
        where = "inside" if away_m == 0 else f"{away_m:.0f} m from"
        return (
            f"a tanker of {min(small):.0f} m (the size of a bunker barge) lay alongside for "
            f"{facts.hours:.1f} h {where} a port or anchorage"
        )
    return None


def anchored_neighbours(facts: Facts) -> str | None:
    """Both at anchor, clear of one another, at a steady distance."""
    if (
        facts.statuses() == (AT_ANCHOR, AT_ANCHOR)
        and facts.number("min_distance_m") >= 100
        and facts.number("distance_spread_m") <= 200
    ):
        return (
            f"both report being at anchor and never came closer than "
            f"{facts.number('min_distance_m'):.0f} m"
        )
    return None


def pair_trawling(facts: Facts) -> str | None:
    """Two fishing vessels tow a net between them at trawling speed."""
    slower_kn, faster_kn = facts.median_speeds_kn()
    if facts.all_types(FISHING) and slower_kn >= 1.5 and faster_kn - slower_kn <= 1.0:
        return (
            f"both are fishing vessels and moved together at {slower_kn:.1f} to "
            f"{faster_kn:.1f} kn, {facts.number('median_distance_m'):.0f} m apart"
        )
    return None


def sailing_in_company(facts: Facts) -> str | None:
    """Both make way, clear of one another, for a short time."""
    if (
        facts.slower_drift_kn >= 2.0
        and facts.number("min_distance_m") >= 100
        and facts.minutes <= 60
    ):
        return (
            f"both made way at {facts.slower_drift_kn:.1f} kn or more, never closer than "
            f"{facts.number('min_distance_m'):.0f} m, for {facts.minutes:.0f} min"
        )
    return None


def harbour_craft(facts: Facts) -> str | None:
    """A tug, tender or pilot boat at work close to a port or an anchorage."""
    away_m = 0.0 if facts.flag("in_anchorage") else facts.number("anchorage_distance_m")
    if facts.any_type(TUG | TENDER | PILOT) and away_m <= 5556:
        return (
            f"one of the two is a tug, tender or pilot boat, {away_m / 1852:.1f} nm from a port or "
            "anchorage"
        )
    return None


def official_craft(facts: Facts) -> str | None:
    """A military, rescue, police or medical vessel."""
    if facts.any_type(OFFICIAL):
        return "a military, rescue, law enforcement or medical vessel takes part"
    return None


def at_a_berth(facts: Facts) -> str | None:
    """So close to land that it is likely to be a berth or a jetty."""
    if facts.flag("near_land"):
        return (
            f"it happened within {facts.number('near_land_m'):.0f} m of land: likely a berth or a "
            "jetty that no zone shows yet"
        )
    return None


def transfer_area(facts: Facts) -> str | None:
    """Inside an area designated for ship-to-ship transfers."""
    if facts.flag("in_sts_area"):
        return "it happened inside an area designated for ship-to-ship transfers"
    return None


def at_anchor(facts: Facts) -> str | None:
    """Reports being at anchor and stays within a swinging circle."""
    if facts.statuses()[0] == AT_ANCHOR and facts.number("extent_m") <= 1000:
        return (
            f"it reports being at anchor and stayed within {facts.number('extent_m'):.0f} m for "
            f"{facts.hours:.1f} h"
        )
    return None


def waiting_off_port(facts: Facts) -> str | None:
    """Within two miles of a port or an anchorage."""
    away_m = facts.number("anchorage_distance_m")
    if away_m <= 3704:
        return f"it lay {away_m / 1852:.1f} nm off a port or anchorage, where ships wait their turn"
    return None


def moored(facts: Facts) -> str | None:
    """Reports being moored, close to land or to a port."""
    close = facts.flag("near_land") or facts.number("anchorage_distance_m") <= 1852
    if facts.statuses()[0] == MOORED and close and facts.number("extent_m") <= 500:
        return f"it reports being moored and stayed within {facts.number('extent_m'):.0f} m"
    return None


def fishing(facts: Facts) -> str | None:
    """A fishing vessel, or one that reports fishing."""
    if facts.any_type(FISHING):
        return f"it is a fishing vessel, and moved at {facts.number('median_speed_kn'):.1f} kn"
    if facts.statuses()[0] == FISHING_STATUS:
        return f"it reports fishing, and moved at {facts.number('median_speed_kn'):.1f} kn"
    return None


def not_under_command(facts: Facts) -> str | None:
    """Reports not being under command."""
    if facts.statuses()[0] == NOT_UNDER_COMMAND:
        return (
            f"it reports not being under command and drifted at {facts.number('drift_kn'):.1f} kn"
        )
    return None


def at_work(facts: Facts) -> str | None:
    """A dredger or diving vessel, or restricted in its ability to manoeuvre."""
    if facts.any_type(WORKING):
        return "it is engaged in dredging, diving or underwater work"
    if facts.statuses()[0] == RESTRICTED:
        return "it reports being restricted in its ability to manoeuvre"
    return None


def pilot_station(facts: Facts) -> str | None:
    """A pilot vessel waits for ships."""
    if facts.any_type(PILOT):
        return f"it is a pilot vessel, on station for {facts.hours:.1f} h"
    return None


def tug_standing_by(facts: Facts) -> str | None:
    """A tug waits for work."""
    if facts.any_type(TUG | TOWING | TENDER):
        return f"it is a tug or tender, standing by for {facts.hours:.1f} h"
    return None


def pleasure_craft(facts: Facts) -> str | None:
    """A yacht."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


def ferry_routine(facts: Facts) -> str | None:
    """A passenger vessel on its route."""
    if facts.any_type(PASSENGER):
        return "it is a passenger vessel or ferry, whose route may cross here"
    return None


def service_routine(facts: Facts) -> str | None:
    """A pilot boat, tug, tender or official vessel on its rounds."""
    if facts.any_type(PILOT | TUG | TENDER | OFFICIAL):
        return "it is a pilot boat, tug, tender or official vessel on its rounds"
    return None


def fishing_harbour(facts: Facts) -> str | None:
    """A fishing boat at a landing place."""
    if facts.any_type(FISHING) and facts.evidence.get("zone_class") == "landing_place":
        return "it is a fishing vessel, and this is where fish are landed too"
    return None


def sailed_out_of_range(facts: Facts) -> str | None:
    """Under way to where nobody is heard."""
    ahead = facts.number("ahead_heard_fraction")
    if facts.flag("was_moving") and ahead < 0.5:
        return (
            f"it was under way to where vessels were heard in only {ahead:.0%} of the half hours "
            "that followed"
        )
    return None


def feed_outage(facts: Facts) -> str | None:
    """The whole feed was quiet for part of the time."""
    heard = facts.number("feed_heard_fraction")
    if heard < 0.9:
        return f"the feed itself brought reports in only {heard:.0%} of that time"
    return None


def weak_transmitter(facts: Facts) -> str | None:
    """A class B transceiver: an eighth of the power or less."""
    if facts.evidence.get("ais_class") == "B":
        return "it has a class B transceiver, whose weaker signal is easily lost"
    return None


def thin_reception(facts: Facts) -> str | None:
    """Others nearby were heard only now and then."""
    heard = facts.number("heard_fraction")
    if heard < 0.8:
        return f"other vessels around were heard in only {heard:.0%} of the half hours"
    return None


def called_at_a_port(facts: Facts) -> str | None:
    """Heard again in a port or an anchorage."""
    if facts.flag("back_in_berth"):
        return "it was heard again in a port, an anchorage or a landing place"
    return None


HYPOTHESES: Final[Mapping[str, tuple[Hypothesis, ...]]] = {
    "encounter": (
    Hypothesis(
        "pilot transfer", 0.9, pilot_transfer,
        "they stay together for over an hour, or meet far from a pilot boarding ground",
        needs_types=True,
    ),
    Hypothesis(
        "anchored neighbours", 0.85, anchored_neighbours,
        "they come alongside, or a boat goes between them",
    ),
    Hypothesis(
        "tug and tow", 0.85, tug_and_tow,
        "they stop together, or part without reaching a port",
        needs_types=True,
    ),
    Hypothesis(
        "pair trawling", 0.8, pair_trawling,
        "they stop together, come alongside, or one lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "official craft", 0.8, official_craft,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "bunkering", 0.7, bunkering,
        "no bunker delivery is known to the port for these vessels and this time",
        needs_types=True,
    ),
    Hypothesis(
        "harbour craft at work", 0.7, harbour_craft,
        "the harbour craft's agent or pilot station knows of no such job",
        needs_types=True,
    ),
    Hypothesis(
        "sailing in company", 0.6, sailing_in_company,
        "they come closer than 100 m, stop, or meet again",
    ),
    Hypothesis(
        "designated transfer area", 0.6, transfer_area,
        "the transfer was not notified to the authority of that area",
    ),
    Hypothesis(
        "at a berth", 0.5, at_a_berth,
        "a chart or an image shows open water there",
    ),
    ),
    "loitering": (
    Hypothesis(
        "pilot vessel on station", 0.9, pilot_station,
        "no pilot boarding ground is near, or the pilot station does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "official craft", 0.8, official_craft,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "work at sea", 0.7, at_work,
        "no notice to mariners announces the work",
    ),
    Hypothesis(
        "moored", 0.7, moored,
        "a chart or an image shows open water there",
    ),
    Hypothesis(
        "waiting at anchor", 0.65, at_anchor,
        "the water is too deep to anchor, or a boat is seen alongside",
    ),
    Hypothesis(
        "fishing", 0.6, fishing,
        "it meets another vessel, or lands no catch",
    ),
    Hypothesis(
        "tug standing by", 0.6, tug_standing_by,
        "no ship or barge it could be waiting for came by",
        needs_types=True,
    ),
    Hypothesis(
        "at a berth", 0.6, at_a_berth,
        "a chart or an image shows open water there",
    ),
    Hypothesis(
        "not under command", 0.5, not_under_command,
        "it reported no breakdown to the traffic service, or manoeuvred meanwhile",
    ),
    Hypothesis(
        "waiting off a port", 0.5, waiting_off_port,
        "it leaves again without calling there",
    ),
    Hypothesis(
        "designated transfer area", 0.4, transfer_area,
        "no transfer was notified to the authority of that area",
    ),
    Hypothesis(
        "pleasure craft", 0.4, pleasure_craft,
        "it meets a merchant vessel",
        needs_types=True,
    ),
    ),
    "gap": (
    Hypothesis(
        "feed outage", 0.6, feed_outage,
        "another feed heard vessels there all the while",
    ),
    Hypothesis(
        "sailing out of range", 0.5, sailed_out_of_range,
        "it is heard again where it was lost, or another feed covers the way it went",
    ),
    Hypothesis(
        "weak transmitter", 0.4, weak_transmitter,
        "vessels of class B were heard steadily at the same place and time",
    ),
    Hypothesis(
        "call at a port", 0.4, called_at_a_port,
        "the port knows of no call in that time",
    ),
    Hypothesis(
        "thin reception", 0.3, thin_reception,
        "it was heard without a break there on other days",
    ),
    ),
    "geofence": (
    Hypothesis(
        "ferry routine", 0.8, ferry_routine,
        "no timetable or earlier voyage has it here at this hour",
        needs_types=True,
    ),
    Hypothesis(
        "service routine", 0.8, service_routine,
        "its station or agent knows of no job here",
        needs_types=True,
    ),
    Hypothesis(
        "fishing harbour", 0.4, fishing_harbour,
        "it meets another vessel on the way, or lands no catch",
        needs_types=True,
    ),
    ),
}  # fmt: skip
"""The reasons for each kind, the heaviest first."""


def explain(
    events: pd.DataFrame, context: Context, hypotheses: Sequence[Hypothesis]
) -> pd.DataFrame:
    """Give each event its best innocent reason.

    Parameters
    ----------
    events
        `events.EVENTS`, as the detectors made them.
    context
        Only `vessels` is read.
    hypotheses
        What is tried, usually those of the detector that found the events.

    Returns
    -------
    pandas.DataFrame
        The same events in the same order. Where a reason fits, `explanation` holds its name and
        the sentence, and `score` is the base score times (1 - weight). Evidence gains
        ``base_score``, ``explanation_weight``, ``explanation_overturned_by`` (empty where no
        reason fits) and ``untested_explanations`` (names joined by "; "). An event that comes with
        an explanation of its detector's keeps it and its score. Explaining twice changes nothing.
    """
    explained = events.copy()
    types, lengths = _known(events, context)
    scores, texts, evidences = [], [], []
    for row in events.to_dict("records"):
        evidence = json.loads(row["evidence"])
        own = row["explanation"]
        if own and "base_score" not in evidence:
            evidence |= {
                "base_score": row["score"],
                "explanation_weight": 0.0,
                "explanation_overturned_by": "",
                "untested_explanations": "",
                "explained_by": "detector",
            }
        if evidence.get("explained_by") == "detector":
            scores.append(row["score"])
            texts.append(own)
            evidences.append(dump_evidence(evidence))
            continue
        vessels = [m for m in (row["mmsi"], row["other_mmsi"]) if m]
        facts = Facts(
            row["kind"],
            row["subkind"],
            evidence,
            tuple(types.get(m, -1) for m in vessels),
            tuple(lengths.get(m, float("nan")) for m in vessels),
        )
        base_score = float(evidence.get("base_score", row["score"]))
        best, sentence = best_of(facts, hypotheses)
        weight = best.weight if best else 0.0
        evidence |= {
            "base_score": base_score,
            "explanation_weight": weight,
            "explanation_overturned_by": best.overturned_by if best else "",
            "untested_explanations": "; ".join(untested(facts, hypotheses)),
        }
        scores.append(base_score * (1.0 - weight))
        texts.append(f"{best.name}: {sentence}" if best else "")
        evidences.append(dump_evidence(evidence))
    explained["score"] = np.asarray(scores, "float64")
    explained["explanation"] = pd.Series(texts, index=events.index, dtype="str")
    explained["evidence"] = pd.Series(evidences, index=events.index, dtype="str")
    return explained


def best_of(facts: Facts, hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis | None, str]:
    """The heaviest reason that fits, with its sentence; of equal ones the first listed."""
    best, sentence = None, ""
    for hypothesis in hypotheses:
        if best and hypothesis.weight <= best.weight:
            continue
        answer = hypothesis.test(facts)
        if answer is not None:
            best, sentence = hypothesis, answer
    return best, sentence


def untested(facts: Facts, hypotheses: Sequence[Hypothesis]) -> list[str]:
    """Reasons that couldn't be tested because a vessel sent no static data."""
    if facts.types_known():
        return []
    return [h.name for h in hypotheses if h.needs_types]


def _known(events: pd.DataFrame, context: Context) -> tuple[dict[int, int], dict[int, float]]:
    """Ship types and lengths of the vessels in the events."""
    vessels = context.vessels
    if vessels.empty:
        return {}, {}
    concerned = vessels[
        vessels["mmsi"].isin(events["mmsi"]) | vessels["mmsi"].isin(events["other_mmsi"])
    ]
    mmsi = concerned["mmsi"].tolist()
    return (
        dict(zip(mmsi, concerned["ship_type"].astype(int).tolist(), strict=True)),
        dict(zip(mmsi, concerned["length_m"].astype(float).tolist(), strict=True)),
    )
