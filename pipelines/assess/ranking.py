"""From events to a ranked list of vessels, each with reasons a sailor would understand."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import events as event_schema
from detectors.core import frames
from detectors.core.telling import Say, plain, told
from detectors.surroundings.landmarks import Gazetteer
from pipelines.assess.alike import beyond_few
from pipelines.assess.aside import known_aside
from pipelines.assess.dispositions import newest, set_aside
from pipelines.assess.dispositions.outcomes import CLEARED, cleared, closed, holding
from pipelines.assess.feed_faults import FeedFault, feed_faults
from pipelines.assess.guard import HeldBack, guard
from pipelines.assess.incidents import Known, danger_of, lasting
from pipelines.assess.incidents.grouping import grouped, sailing_as_one
from pipelines.assess.incidents.silences import given_up_before, numbers_since
from pipelines.assess.incidents.wording import described, retold
from pipelines.assess.reasons import (
    Teller,
    aside_in,
    by_disposition,
    by_false_positions,
    by_feed,
    by_other_number,
    by_own_vessel,
)
from pipelines.assess.scoring import MIN_PART_SCORE, judge
from pipelines.assess.watchlists import Watchlist, match, of_own
from pipelines.base.schemas import FLAGGED, PARTS
from pipelines.base.settings import AssessSettings
from pipelines.detect.heard import Heard
from pipelines.detect.window import Detection
from pipelines.reference.codes import ship_type_words

MAX_REASONS: Final = 8


@dataclass(frozen=True)
class Assessment:
    """What became of a run's events."""

    events: pd.DataFrame
    """The events with `reason`, told from the side of `mmsi`."""
    flagged: pd.DataFrame
    """`schemas.FLAGGED`."""
    parts: pd.DataFrame
    """`schemas.PARTS` of the flagged vessels."""
    incidents: pd.DataFrame
    """`schemas.INCIDENTS`, named by their first events, without status; `named` gives them
    theirs."""
    held_back: tuple[HeldBack | FeedFault, ...]
    """Rules that raised more than their share."""
    left_out: frozenset[int]
    """Vessels that would be flagged if the night's list held more."""
    aside: frozenset[str]
    """Ids of events that a conclusion, their being own vessels', or false positions set aside."""
    earlier: frozenset[str]
    """Ids of events that were told before, and flag nobody again: those of an earlier window, and
    silences of numbers that were given up on an earlier night."""
    own: int
    """Events that would count if they weren't own vessels'."""
    heard_since: Mapping[tuple[int, pd.Timestamp], int]
    """See `silences.numbers_since`: changes of earlier nights count too."""
    retell: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]
    """Tells incidents again by their events, as things stand now; see `wording.retold`."""

    @property
    def over_budget(self) -> int:
        """Return how many would be flagged if the night's list held more."""
        return len(self.left_out)


def assess(
    detection: Detection,
    gazetteer: Gazetteer,
    settings: AssessSettings,
    *,
    past: pd.DataFrame,
    changes: pd.DataFrame,
    watchlists: list[Watchlist] | None = None,
    dispositions: pd.DataFrame | None = None,
    heirs: Mapping[str, str] | None = None,
    looked_at: int | None = None,
    whole: pd.DataFrame | None = None,
    told_before: Collection[str] = (),
    reasons: Mapping[str, str] | None = None,
    in_full: Callable[[list[str]], pd.DataFrame] | None = None,
    say: Say = plain,
) -> Assessment:
    """Rank vessels by their incidents; see `scoring.judge` for the score.

    Vessels of `settings.min_score` or more are flagged, at most `settings.max_flags`: those of the
    highest score, times `danger_of` what weighs most of what they did. Events
    without a vessel (what others saw and nothing explains) are told, and flag nobody. Ranks are by
    incident, and in one by score.

    Parameters
    ----------
    past
        `events.EVENTS` of the store before the window, for the history of each vessel; their texts
        don't matter.
    changes
        Those of them that may tell under which number a silent hull is heard since, with evidence.
    watchlists
        Whose vessels' scores rise, and whose flag nobody (`watchlists.of_own`).
    dispositions
        `dispositions.DISPOSITIONS`: events that they set aside are told, and flag nobody; of an
        incident some of whose events they close the others come first.
    heirs
        Id of the event whose story each took over: conclusions follow it.
    looked_at
        Vessels looked at, where `detection` doesn't name all of them.
    whole
        `events.EVENTS` of all these vessels, where `detection` doesn't hold all of them.
    told_before
        Ids of events of an earlier window that are known: they flag nobody again, as silences don't
        of numbers that `changes` say were given up, unless a conclusion cleared the change.
    reasons
        What is told already of events that are as they were, by id: not told anew.
    in_full
        Returns events of the past with their evidence, by id, where `past` has none.
    """
    now, vessels = detection.context.end, detection.context.vessels.set_index("mmsi")
    names = dict(zip(vessels.index.tolist(), vessels["name"].tolist(), strict=True))
    # A silence that goes on for days is told by the change of a night before.
    since = numbers_since(event_schema.concat([detection.events, changes]))
    teller = Teller(names, gazetteer, now, say, since)
    events = _told(detection.events.reset_index(drop=True), teller, reasons or {})

    lists = watchlists or []
    aside = np.zeros(len(events), bool)
    if dispositions is not None:
        aside = set_aside(events, dispositions)
        events.loc[aside, "reason"] += by_disposition(say)
    # A hull that was heard since isn't silent, and under its new number it was told of then.
    again = events[events["event_id"].isin(list(told_before))]
    then = event_schema.concat([changes, again[list(event_schema.EVENTS)]])
    held = {} if dispositions is None else holding(dispositions, heirs or {})

    def doubted(among: pd.DataFrame) -> NDArray[np.bool_]:
        return np.array([cleared([one], held) for one in among["event_id"].tolist()], bool)

    kind = events["kind"].to_numpy("str")
    none = (kind == "identity") & doubted(events)
    none |= (kind == "spoofing") & _disbelieved(events, dispositions, held)
    heard = detection.heard
    if looked_at is None:
        looked_at = Heard.of(heard).vessels
    of_all = events if whole is None else whole
    faulty, faults = feed_faults(of_all, looked_at, settings.min_score, told_before)
    of_feed = np.array(events["event_id"].isin(of_all["event_id"][faulty]), bool)
    none |= of_feed
    sure = changes[~doubted(changes)]
    by = known_aside(events, sure, lists, settings.min_score, now, aside, none)
    events.loc[by.own & ~aside, "reason"] += by_own_vessel(say)
    events.loc[by.false, "reason"] += by_false_positions(say)
    events.loc[by.renumbered, "reason"] += by_other_number(say)
    of_feed &= ~(aside | by.any)
    events.loc[of_feed, "reason"] += by_feed(say)
    over = frozenset(told_before) | _given_up(events, then, settings.min_score, held)
    earlier = events["event_id"].isin(list(over)).to_numpy(bool)
    enough_alone = (events["score"] >= settings.min_score).to_numpy(bool)
    n_own = int((by.own & ~aside & ~earlier & enough_alone).sum())
    set_by = frozenset(events.loc[aside | by.any | of_feed, "event_id"])
    aside |= by.any | earlier | of_feed
    counted, held_back = guard(events[~aside], looked_at, settings)
    judged = judge(
        counted,
        now=now,
        past=past[~of_own(past, lists, settings.min_score)],
        matches=match([one for one in lists if not one.about.own], detection.context.vessels, say),
        voluntary=set(heard.loc[heard["class_b_only"], "mmsi"].tolist()),
        voluntary_weight=settings.voluntary_weight,
        in_full=in_full,
        say=say,
    )
    enough = judged.scores[judged.scores["score"] >= settings.min_score].reset_index(drop=True)
    ranked = _within_budget(enough, counted, settings.max_flags, now)
    left_out = frozenset(enough["mmsi"]) - frozenset(ranked["mmsi"])
    last = heard.set_index("mmsi")[["last_seen", "lat", "lon", "sog_kn", "cog_deg"]]
    ranked = ranked.join(last, on="mmsi")
    score_of = dict(zip(ranked["mmsi"].tolist(), ranked["score"].tolist(), strict=True))
    as_one = sailing_as_one(events[~aside], settings.min_score)
    label = grouped(counted, score_of, settings.min_score, now, as_one)
    incidents, home = described(
        counted,
        label,
        ranked,
        judged.parts,
        settings.min_score,
        teller,
        settings.next_steps,
        detection.context.zones,
        frozenset() if dispositions is None else closed(dispositions, heirs or {}),
        settings.own_coast,
    )

    def retell(told: pd.DataFrame, of: pd.DataFrame) -> pd.DataFrame:
        steps, zones = settings.next_steps, detection.context.zones
        return retold(told, of, ranked, teller, steps, zones, settings.own_coast)

    rules: tuple[HeldBack | FeedFault, ...] = (*held_back, *faults)
    found_of_all = incidents, rules, left_out, set_by, over, n_own, since, retell
    if ranked.empty:
        return Assessment(events, frames.empty(FLAGGED), frames.empty(PARTS), *found_of_all)
    ranked = _by_incident(ranked, incidents, home)
    parts = judged.parts.merge(ranked[["mmsi", "rank"]], on="mmsi")
    parts["place"] = parts["mmsi"].map(pd.Series(ranked.index, ranked["mmsi"]))
    parts = parts.sort_values(["place", "score", "part"], ascending=[True, False, True])
    who = vessels[["imo", "name", "callsign", "flag_state", "ship_type"]]
    flagged = ranked.join(who, on="mmsi")
    flagged["ship_type"] = ship_type_words(flagged["ship_type"].to_numpy())
    flagged = _with_reasons(flagged, events, aside, _more(parts), teller)
    parts = frames.conform(parts.reset_index(drop=True), PARTS)
    return Assessment(events, frames.conform(flagged, FLAGGED), parts, *found_of_all)


def _disbelieved(
    events: pd.DataFrame, dispositions: pd.DataFrame | None, held: Mapping[str, Any]
) -> NDArray[np.bool_]:
    """Tell which events were cleared, or are like one that was, for as long as that holds: nothing
    may be in them. What has a benign cause, as a faulty set, happened all the same.
    """
    if dispositions is None:
        return np.zeros(len(events), bool)
    said = newest(dispositions)
    itself = [held.get(one, {}).get("conclusion") for one in events["event_id"].tolist()]
    like = set_aside(events, said[said["conclusion"] == CLEARED])
    return np.asarray(like | np.array([one == CLEARED for one in itself], bool))


def _given_up(
    events: pd.DataFrame, changes: pd.DataFrame, min_score: float, held: Mapping[str, Any]
) -> frozenset[str]:
    """Return ids of the silences that `given_up_before` names. Whoever cleared the change alone may
    have found that it is none: its silence is left open.
    """
    doubted = np.array([cleared([one], held) for one in changes["event_id"].tolist()], bool)
    sure = given_up_before(events, changes[~doubted], min_score)
    either = given_up_before(events, changes, min_score) if doubted.any() else sure
    return sure | {one for one in either if cleared([one], held)}


def _told(events: pd.DataFrame, teller: Teller, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Return events with `reason`: what is told already of those that are as they were, by id."""
    known = {of: text for of, text in reasons.items() if not aside_in(text)}
    rows, ids = told(events), events["event_id"].tolist()
    teller.look_up(rows)
    texts = [known.get(i) or teller.tell(row, row.mmsi) for i, row in zip(ids, rows, strict=True)]
    return events.assign(reason=pd.Series(texts, dtype="str"))


def _within_budget(
    ranked: pd.DataFrame, counted: pd.DataFrame, max_flags: int, now: pd.Timestamp
) -> pd.DataFrame:
    """Return, in their order, the `max_flags` vessels of the highest score times danger, those
    first whose strongest event isn't alike to those of `alike.FEW` others.
    """
    if len(ranked) <= max_flags:
        return ranked
    mmsis = ranked["mmsi"].tolist()
    strongest = _strongest_of(counted)
    worth = np.array(ranked["score"] * [danger_of(strongest.get(m), now) for m in mmsis])
    order = np.argsort(-worth, kind="stable")
    nothing = {"subkind": "", "lat": np.nan, "lon": np.nan, "start": now}
    did = [strongest.get(m) or {"detector": str(m), **nothing} for m in mmsis]
    alike = beyond_few(pd.DataFrame(did), order)
    within = order[np.argsort(alike[order], kind="stable")][:max_flags]
    return ranked.iloc[np.sort(within)].reset_index(drop=True)


def _with_reasons(
    flagged: pd.DataFrame,
    events: pd.DataFrame,
    aside: NDArray[np.bool_],
    more: Mapping[int, Sequence[str]],
    teller: Teller,
) -> pd.DataFrame:
    """Return flagged vessels with what their strongest events, not set aside, tell of them."""
    mmsis = flagged["mmsi"].tolist()
    mine = _strongest(events[~aside], mmsis)
    rows, ids, why = told(events), events["event_id"].tolist(), events["explanation"].tolist()
    reasons = (
        [*(teller.tell(rows[i], mmsi) for i in own), *more.get(mmsi, ())]
        for mmsi, own in zip(mmsis, mine, strict=True)
    )
    return flagged.assign(
        reasons=[" | ".join(one) for one in reasons],
        explanations=[" | ".join(why[i] for i in own if why[i]) for own in mine],
        event_ids=[";".join(ids[i] for i in own) for own in mine],
    )


def _strongest_of(events: pd.DataFrame) -> dict[int, dict[Any, Any]]:
    """Return of each vessel what weighs most of what it did."""
    ordered = events.sort_values(["score", "event_id"], ascending=[False, True])
    strongest: dict[int, dict[Any, Any]] = {}
    for row in reversed(ordered.to_dict("records")):
        strongest |= {row["mmsi"]: row, row["other_mmsi"]: row}
    return strongest


def named(
    assessed: Assessment,
    known: Known,
    say: Say = plain,
    in_full: Callable[[list[str]], pd.DataFrame] | None = None,
) -> Assessment:
    """Return an assessment whose incidents have their lasting ids and status; see `lasting`.

    What to do next of one that is kept as it was told goes by all its events, `in_full` by id,
    those that this look doesn't see among them: a boat that came to two shores is sought at both.
    """
    incidents = lasting(assessed.incidents, known, say, assessed.aside, assessed.left_out)
    n_found = len(assessed.incidents)
    of_now = [set(one.split(";")) for one in assessed.incidents["events"]]
    of_all = [set(one.split(";")) for one in incidents["events"][:n_found]]
    more = [now < then for now, then in zip(of_now, of_all, strict=True)]
    kept = np.array(more, bool)
    if in_full is not None and kept.any():
        whole = incidents.iloc[np.flatnonzero(kept)]
        told_again = assessed.retell(whole, in_full(";".join(whole["events"]).split(";")))
        incidents.loc[whole.index, "next_step"] = told_again["next_step"].to_numpy()
    firsts = assessed.incidents["incident_id"].tolist()
    name_of = dict(zip(firsts, incidents["incident_id"].tolist()[: len(firsts)], strict=True))
    ids = assessed.flagged["incident_id"].map(name_of).fillna("").astype("str")
    flagged = assessed.flagged.assign(incident_id=ids)
    return replace(assessed, incidents=incidents, flagged=flagged)


def _by_incident(
    ranked: pd.DataFrame, incidents: pd.DataFrame, home: Mapping[int, str]
) -> pd.DataFrame:
    """Give vessels the rank of their incident, and order them by it, in one by score."""
    place = dict(zip(incidents["incident_id"].tolist(), incidents["rank"].tolist(), strict=True))
    ids = [home.get(mmsi, "") for mmsi in ranked["mmsi"].tolist()]
    return ranked.assign(
        incident_id=pd.Series(ids, ranked.index, dtype="str"),
        rank=[place.get(one, len(place) + 1) for one in ids],
    ).sort_values(["rank", "score", "mmsi"], ascending=[True, False, True], ignore_index=True)


def _strongest(events: pd.DataFrame, mmsis: list[int]) -> list[list[int]]:
    """Return of each vessel the rows (labels) of the events that its reasons tell of."""
    ordered = events.sort_values(["score", "event_id"], ascending=[False, True])
    place = np.arange(len(ordered))
    sides = pd.DataFrame({"mmsi": np.r_[ordered["mmsi"], ordered["other_mmsi"]]})
    sides = sides.assign(place=np.r_[place, place]).drop_duplicates().sort_values("place")
    of_each = {mmsi: own.to_numpy() for mmsi, own in sides.groupby("mmsi")["place"]}
    weighty = (ordered["score"] >= MIN_PART_SCORE).to_numpy()
    labels = ordered.index.to_numpy()
    found = []
    for mmsi in mmsis:
        own = of_each.get(mmsi, place[:0])
        enough = own[weighty[own]]
        found.append(labels[(enough if len(enough) else own)[:MAX_REASONS]].tolist())
    return found


def _more(parts: pd.DataFrame) -> dict[int, list[str]]:
    """Return by vessel what else than its events raises it: history, watch-lists."""
    other = parts[parts["part"] != "behaviour"]
    found: dict[int, list[str]] = {}
    for mmsi, note in zip(other["mmsi"].tolist(), other["note"].tolist(), strict=True):
        found.setdefault(mmsi, []).append(note[:1].upper() + note[1:])
    return found
