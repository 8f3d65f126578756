"""Which events are of one incident."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import SECOND_US, epoch_us
from detectors.core.telling import told
from detectors.kinematics import geodesy
from pipelines.assess.incidents.plots import followed
from pipelines.assess.incidents.silences import unlikely
from pipelines.assess.incidents.titles import AS_ONE, MANY, STAYS
from pipelines.assess.scoring import FAMILIES, MIN_PART_SCORE, explained

JOIN_S: Final = 2 * 3600.0
"""Events of one hull no further apart than this are of one incident: a boat that leaves a ship and
falls silent within two hours still tells the same story. A judgement: half a watch."""

SAME_BEHAVIOUR_S: Final = 6 * 3600.0
"""The same for events of one behaviour (`scoring.FAMILIES`): a ship that lies alongside one after
another, or whose positions leap twice in a night, does one thing."""

SAME_TWO_S: Final = 24 * 3600.0
"""The same for what the same two did: who meets again the next night, or was unheard meanwhile,
goes on. A judgement: a patrol sails to them once."""

ROADS_M: Final = 2 * geodesy.METRES_PER_NM
"""Ships at anchor no further from one another than this lie in one roads: a patrol at one sees the
next, and calls at both on one errand. A judgement; ships in open roads lie up to a mile apart."""

HAND_OVER: Final = "hand_over"
"""The subkind of identity that says that one hull goes on under another number."""


def grouped(
    events: pd.DataFrame,
    flagged: Mapping[int, float],
    min_score: float,
    now: pd.Timestamp,
    as_one: pd.DataFrame | None = None,
) -> Ints:
    """Tell which incident each event is of.

    Events of one hull that overlap, or are at most `JOIN_S` apart (of one behaviour
    `SAME_BEHAVIOUR_S`, of the same two `SAME_TWO_S`), are of one incident; so are the pairs of one
    raft, sightings without AIS that follow one another as one hull would (`plots`), and an event
    and those that it names (one that is no lead: of them, its own vessel's). Two numbers that an
    event says are of one hull count as one. An event joins its two vessels' stories only where it
    is a lead itself (`min_score` or more, and no innocent reason as likely as not): a pilot boat
    that serves ten ships joins none of them, nor does a meeting that is `silences.unlikely`.
    Otherwise it is told with the higher scored of its vessels. Ships that did nothing but lie at
    anchor, at one time and within `ROADS_M` of the next, are one incident: that a roads is used,
    not that each is.

    Returns a number from 0 on for each event, -1 where it is of no incident.

    Parameters
    ----------
    events
        `events.EVENTS` that count.
    flagged
        Score of each flagged vessel.
    min_score
        From which score on an event is a lead, and one without a vessel an incident of its own.
    now
        Until when open events last.
    as_one
        Events of numbers that sail as one, more than can be hulls: they count as one.
    """
    found = np.full(len(events), -1)
    mmsi, other = (events[name].to_numpy("int64") for name in ("mmsi", "other_mmsi"))
    score = events["score"].to_numpy("float64")
    of_one, of_two = (_scores(numbers, flagged) for numbers in (mmsi, other))
    nobody = (mmsi == 0) & (score >= min_score)
    counts = (score >= MIN_PART_SCORE) & ((of_one > 0) | (of_two > 0)) | nobody
    rows = np.flatnonzero(counts)
    if not len(rows):
        return found
    lead = (score >= min_score) & ~explained(events) & ~_unlikely(events)
    changed = events[lead & (events["subkind"] == HAND_OVER).to_numpy()]
    hull = _hulls(changed if as_one is None else pd.concat([changed, as_one]))
    kinds = events["kind"].iloc[rows]
    families = pd.factorize(kinds.map(FAMILIES).fillna(kinds))[0]
    main = np.where(~lead & (of_two > of_one), other, mmsi)[rows]
    links = [
        _same_hull(events.iloc[rows], main, other[rows], lead[rows], behaviour, join_s, hull, now)
        for behaviour, join_s in (
            (np.zeros(len(rows), "int64"), JOIN_S),
            (families, SAME_BEHAVIOUR_S),
            (_twos(mmsi[rows], other[rows], hull), SAME_TWO_S),
        )
    ]
    links += [
        _same_group(events.iloc[rows], lead[rows]),
        _named(events.iloc[rows], main, lead[rows]),
        _one_boat(events.iloc[rows]),
    ]
    stories = _connected(np.concatenate(links, axis=1), len(rows))
    ships = _in_one_roads(events.iloc[rows], stories, lead[rows], now)
    found[rows] = _connected(stories[ships], len(rows))[stories]
    return found


def sailing_as_one(events: pd.DataFrame, min_score: float) -> pd.DataFrame:
    """Return the events that say which numbers sail as one, where these are `MANY`: more than can
    be boats.
    """
    pairs = events[(events["subkind"] == AS_ONE) & (events["score"] >= min_score)]
    if pairs.empty:
        return pairs
    sides = pairs[["mmsi", "other_mmsi"]].to_numpy("int64")
    numbers, place = np.unique(sides, return_inverse=True)
    links = place.reshape(-1, 2).T
    part = _connected(links, len(numbers))
    found: pd.DataFrame = pairs[np.bincount(part)[part[links[0]]] >= MANY]
    return found


def _connected(links: Ints, n: int) -> Ints:
    """Return a number for each of `n`, the same for those that links, in two rows, connect."""
    graph = coo_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def _unlikely(events: pd.DataFrame) -> Bools:
    found = np.zeros(len(events), bool)
    rows = np.flatnonzero(events["kind"] == "possible_meeting")
    found[rows] = [unlikely(one) for one in told(events.iloc[rows])]
    return found


def _scores(mmsi: Ints, flagged: Mapping[int, float]) -> NDArray[np.float64]:
    return np.array([flagged.get(one, 0.0) for one in mmsi.tolist()], "float64")


def _hulls(hand_overs: pd.DataFrame) -> dict[int, int]:
    """Return the number that each number of a hull that changed its number counts as."""
    pairs = hand_overs[["mmsi", "other_mmsi"]].to_numpy("int64")
    numbers, place = np.unique(pairs, return_inverse=True)
    if not len(numbers):
        return {}
    label = _connected(place.reshape(-1, 2).T, len(numbers))
    lowest = {part: int(numbers[label == part].min()) for part in np.unique(label)}
    return {int(n): lowest[part] for n, part in zip(numbers, label, strict=True)}


def _twos(mmsi: Ints, other: Ints, hull: Mapping[int, int]) -> Ints:
    """Return a number for each row, the same for those of the same two hulls."""
    own = np.arange(len(mmsi))
    pairs = np.array([[hull.get(one, one) for one in both] for both in (mmsi, other)], "int64")
    pairs = np.where(other > 0, np.sort(pairs.reshape(2, -1), axis=0), np.stack([-own - 1, own]))
    return np.asarray(np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1), "int64")


def _same_hull(
    events: pd.DataFrame,
    main: Ints,
    other: Ints,
    lead: Bools,
    behaviour: Ints,
    join_s: float,
    hull: Mapping[int, int],
    now: pd.Timestamp,
) -> Ints:
    """Return pairs of rows that follow one another in what one hull does of one behaviour."""
    both = np.flatnonzero(lead & (other > 0))
    row = np.r_[np.flatnonzero(main > 0), both]
    vessel = np.r_[main[main > 0], other[both]]
    vessel = np.array([hull.get(one, one) for one in vessel.tolist()], "int64")
    start = epoch_us(events["start"])[row]
    end = epoch_us(events["end"].fillna(now))[row]
    vessel = vessel * (int(behaviour.max()) + 1) + behaviour[row]
    order = np.lexsort((row, start, vessel))
    row, vessel, start, end = row[order], vessel[order], start[order], end[order]
    latest = pd.Series(end).groupby(vessel).cummax().to_numpy()
    near = start[1:] - latest[:-1] <= join_s * SECOND_US
    joined = np.flatnonzero((vessel[1:] == vessel[:-1]) & near)
    return np.stack([row[joined], row[joined + 1]])


def _in_one_roads(events: pd.DataFrame, story: Ints, lead: Bools, now: pd.Timestamp) -> Ints:
    """Return pairs of rows of ships that lay at anchor near one another at one time, of stories
    that hold no lead but stays.
    """
    anchored = lead & ((events["kind"] == "anchoring") & events["lat"].notna()).to_numpy()
    more = np.unique(story[lead & ~events["kind"].isin(STAYS).to_numpy(bool)])
    rows = np.flatnonzero(anchored & ~np.isin(story, more))
    if len(rows) < 2:
        return np.zeros((2, 0), "int64")
    own = events.iloc[rows]
    places = geodesy.unit_xyz(own["lat"].to_numpy(), own["lon"].to_numpy())
    near = KDTree(places).query_pairs(geodesy.chord(ROADS_M), output_type="ndarray").T
    start, end = epoch_us(own["start"]), epoch_us(own["end"].fillna(now))
    at_once = np.maximum(*start[near]) <= np.minimum(*end[near])
    return np.asarray(rows[near[:, at_once]], "int64")


def _one_boat(events: pd.DataFrame) -> Ints:
    """Return pairs of rows of sightings that nothing was near to, of one hull under way."""
    alone = (events["kind"] == "unmatched_sighting") & (events["mmsi"] == 0)
    rows = np.flatnonzero(alone.to_numpy() & events["lat"].notna().to_numpy())
    seen = events.iloc[rows]
    measured = [
        np.array([float(one.get(name) or np.nan) for one in seen["evidence"]], "float64")
        for name in ("uncertainty_m", "length_m")
    ]
    places = seen["lat"].to_numpy("float64"), seen["lon"].to_numpy("float64")
    return np.asarray(rows[followed(*places, epoch_us(seen["start"]), *measured)], "int64")


def _same_group(events: pd.DataFrame, lead: Bools) -> Ints:
    named = np.flatnonzero((events["group_id"] != "").to_numpy() & lead)
    groups = pd.factorize(events["group_id"].to_numpy()[named])[0]
    order = np.argsort(groups, kind="stable")
    same = np.flatnonzero(np.diff(groups[order]) == 0)
    return np.stack([named[order[same]], named[order[same + 1]]])


def _named(events: pd.DataFrame, main: Ints, lead: Bools) -> Ints:
    """Return pairs of rows of which the evidence of one names the other.

    What is no lead names only what else its main vessel did: two silences that a meeting with
    little to it names are two stories.
    """
    row_of = {event_id: row for row, event_id in enumerate(events["event_id"].tolist())}
    pairs = [
        (row, named)
        for row, evidence in enumerate(events["evidence"])
        for key, value in evidence.facts.items()
        if key.endswith("event")
        and (named := row_of.get(str(value))) is not None
        and (lead[row] or main[named] == main[row])
    ]
    return np.array(pairs, "int64").reshape(-1, 2).T
