"""Silences of several vessels: which began together, and which meetings in them are unlikely."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.events import concat
from detectors.core.frames import SECOND_US, epoch_us
from detectors.core.telling import Told, told
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.assess.scoring import EXPLAINED_WEIGHT, MIN_PART_SCORE, explained

UNLIKELY: Final = 0.2
"""Two that could have met join no incident where they came alongside in less than this share of
their ways. Planted meetings on eight simulated nights (exercise seeds 2501 to 2508) have 0.31 and
more; what is there by chance of two silences has 0.05 to 0.18."""

TOGETHER_M: Final = 10 * METRES_PER_NM
TOGETHER_S: Final = 1800.0
"""Two silences began together that began no further apart than this: a judgement, what a boat of
20 kn makes in the half hour. It is said, and counts for nothing."""

AT_ONCE: Final = 10
AT_ONCE_S: Final = 300.0
AT_ONCE_SHARE: Final = 0.25
"""Ten silences or more that count, a quarter of all, and all begin in five minutes: a judgement. Of
those of a night with ten million reports (some 360) hardly two begin so. It is said, and counts for
nothing, or ten invented boats that fall silent would excuse a true one."""


ONE_HULL: Final = ("in turn", "one after the other, renamed at sea")
"""How one IMO number under two MMSIs is that of one hull: see `identity.shared`."""


class Silent(NamedTuple):
    """A silence that began where and when another one did, and how far off."""

    event_id: str
    mmsi: int
    off_m: float


class AtOnce(NamedTuple):
    """How many silences began within `AT_ONCE_S`, of how many, and from when."""

    n: int
    of: int
    start: pd.Timestamp


def at_once(events: pd.DataFrame, min_score: float) -> AtOnce | None:
    """Return the silences that began within `AT_ONCE_S`, if these are many; see `AT_ONCE`.

    `events` as `compare` tells them; those count that score `min_score` or more.
    """
    gaps = (events["kind"] == "gap") & (events["status"] != "retracted")
    start = events.loc[gaps & (events["score"] >= min_score), "start"].sort_values()
    start_us = epoch_us(start)
    until = np.searchsorted(start_us, start_us + int(AT_ONCE_S * SECOND_US), side="right")
    n = until - np.arange(len(start))
    if not len(n) or n.max() < max(AT_ONCE, AT_ONCE_SHARE * len(n)):
        return None
    first = int(n.argmax())
    return AtOnce(int(n[first]), len(n), start.iloc[first])


def unlikely(event: Told) -> bool:
    """Tell whether two that could have met hardly came alongside, or had a reason to be there."""
    if event.kind != "possible_meeting":
        return False
    chance, given = event.evidence.get("alongside_probability"), event.evidence.explained
    excused = given is not None and given.weight >= EXPLAINED_WEIGHT
    return excused or (chance is not None and chance < UNLIKELY)


def of_one_silence(change: Told, gap: Told) -> bool:
    """Tell whether a changed number and a silence rest on the same silence: that of the number
    which was sent before, in which the other one began.
    """
    if change.subkind != "hand_over" or gap.kind != "gap":
        return False
    until = change.end if change.end is not None else change.start
    over = gap.end is not None and gap.end < change.start
    old = str(change.evidence.get("from_mmsi") or f"{change.mmsi:09d}")
    return f"{gap.mmsi:09d}" == old and gap.start <= until and not over


def number_since(gap: Told, rows: Sequence[Told]) -> int:
    """Return the number that the hull of a silence was heard under since it began, by the changes
    among some events; 0 where none tells of one.
    """
    change = _change_since(gap, rows)
    return 0 if change is None else change.partner_of(gap.mmsi)


def _change_since(gap: Told, rows: Sequence[Told]) -> Told | None:
    if gap.kind != "gap":
        return None
    for one in rows:
        within = gap.start <= one.start and (gap.end is None or one.start <= gap.end)
        mine = within and gap.mmsi in (one.mmsi, one.other_mmsi)
        same = mine and one.evidence.get("how") in ONE_HULL
        if one.kind == "identity" and (same or of_one_silence(one, gap)) and not _of_two(one):
            return one
    return None


def _of_two(change: Told) -> bool:
    """Tell whether a changed number is as likely as not no change: an innocent reason fits it, and
    not that both numbers say the same of their ship.
    """
    given = change.evidence.explained
    excused = given is not None and given.weight >= EXPLAINED_WEIGHT
    return excused and not change.evidence.get("says_the_same")


def numbers_of(mmsi: int, rows: Sequence[Told], subkind: str = "hand_over") -> set[int]:
    """Return the numbers of one hull, by the changes among some events, or by what else ties two:
    who changed it twice has three.
    """
    pairs = [{one.mmsi, one.other_mmsi} for one in rows if one.subkind == subkind]
    hull, more = {mmsi}, {mmsi}
    while more:
        more = {number for pair in pairs if pair & hull for number in pair} - hull
        hull |= more
    return hull


def last_changed(rows: Iterable[Told]) -> dict[int, pd.Timestamp]:
    """Return when each number was taken up or given up last, by the changes among some events."""
    when: dict[int, pd.Timestamp] = {}
    for one in rows:
        for mmsi in (one.mmsi, one.other_mmsi) if one.subkind == "hand_over" else ():
            when[mmsi] = max(when.get(mmsi, one.start), one.start)
    return when


def numbers_since(events: pd.DataFrame) -> dict[tuple[int, pd.Timestamp], int]:
    """Return `number_since` of each silence among `events.EVENTS` that has one, by its own number
    and its start. What counts for nothing tells of no change.
    """
    return {
        (gap.mmsi, gap.start): change.partner_of(gap.mmsi) for _, gap, _, change in _changes(events)
    }


def changed_within(events: pd.DataFrame, pause: timedelta) -> frozenset[str]:
    """Return ids of the silences among `events.EVENTS` in which the hull was heard under another
    number so soon after its last report.
    """
    most_s = pause.total_seconds()
    return frozenset(
        silence
        for silence, _, _, change in _changes(events)
        if (pause_s := change.evidence.get("pause_s")) is not None and float(pause_s) <= most_s
    )


def changes_since(events: pd.DataFrame) -> dict[str, str]:
    """Return by which change each silence is told so that goes on, by the ids of both."""
    return {silence: key for silence, gap, key, _ in _changes(events) if gap.end is None}


def given_up_before(
    events: pd.DataFrame, changes: pd.DataFrame, min_score: float
) -> frozenset[str]:
    """Return ids of the silences that go on of numbers given up on an earlier night, by changes of
    `min_score` or more: these told of it, and its hull was heard since. Of two hulls under one
    number that is the one whose track the change names, where tracks are told.

    `events`, `changes`: `events.EVENTS` of tonight, and what was known before of changed numbers.
    """
    # Of tonight's that were known before there are silences too: each is among `events` already.
    leads = changes[(changes["kind"] == "identity") & (changes["score"] >= min_score)]
    both = concat([events[events["kind"] == "gap"], leads])
    texts = zip(both["event_id"].tolist(), both["track_ids"].tolist(), strict=True)
    tracks = {key: {*text.split(";")} for key, text in texts}
    named = ((one, tracks[one], tracks[change]) for one, change in changes_since(both).items())
    return frozenset(one for one, own, by in named if own & by or "" in own | by)


def _changes(events: pd.DataFrame) -> Iterator[tuple[str, Told, str, Told]]:
    changes = events[(events["kind"] == "identity") & (events["other_mmsi"] > 0)]
    changes = changes[changes["score"] >= MIN_PART_SCORE]
    two = {*changes["mmsi"], *changes["other_mmsi"]}
    silent = events[(events["kind"] == "gap") & events["mmsi"].isin(two)]
    of = dict[int, list[int]]()
    rows = told(changes)
    for place, one in enumerate(rows):
        for mmsi in (one.mmsi, one.other_mmsi):
            of.setdefault(mmsi, []).append(place)
    ids = changes["event_id"].tolist()
    for key, gap in zip(silent["event_id"].tolist(), told(silent), strict=True):
        mine = [rows[place] for place in of[gap.mmsi]]
        change = _change_since(gap, mine)
        if change is not None:
            yield key, gap, ids[of[gap.mmsi][mine.index(change)]], change


def began_together(events: pd.DataFrame) -> dict[str, list[Silent]]:
    """Return who else fell silent then and there, by event; the nearest first.

    `events`: `events.EVENTS`; silences that count, and have no innocent reason as likely as not,
    are looked at.
    """
    gaps = events[(events["kind"] == "gap") & (events["score"] >= MIN_PART_SCORE)]
    gaps = gaps[~explained(gaps) & gaps["lat"].notna()].sort_values("event_id")
    if len(gaps) < 2:
        return {}
    lat, lon, mmsi = (gaps[name].to_numpy() for name in ("lat", "lon", "mmsi"))
    start_s = (epoch_us(gaps["start"]) - epoch_us(gaps["start"]).min()) / SECOND_US
    xyz = geodesy.unit_xyz(lat, lon) / geodesy.chord(TOGETHER_M)
    first, second = _pairs(np.column_stack([xyz, start_s / TOGETHER_S]))
    far = geodesy.distance_m(lat[first], lon[first], lat[second], lon[second])
    near = (far <= TOGETHER_M) & (mmsi[first] != mmsi[second])
    found: dict[str, list[Silent]] = {}
    ids = gaps["event_id"].tolist()
    order = np.flatnonzero(near)[np.argsort(far[near], kind="stable")].tolist()
    for row in order:
        for own, other in ((first[row], second[row]), (second[row], first[row])):
            silent = Silent(ids[other], int(mmsi[other]), float(far[row]))
            found.setdefault(ids[own], []).append(silent)
    return found


def _pairs(at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pairs of rows that differ by 1 at most in each column."""
    from scipy.spatial import cKDTree  # reads import this module, and ask nothing of it

    pairs: NDArray[np.int64] = cKDTree(at).query_pairs(1.0, p=np.inf, output_type="ndarray")
    return pairs.astype("int64").T
