"""Which other incidents of a night one belongs with, and why: a vessel, a shore, a place."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from detectors.core.telling import Told, state, told
from detectors.kinematics.geodesy import METRES_PER_NM, distance_m
from pipelines.assess.incidents.crossings import came_over, place_named, place_of, time_of
from pipelines.assess.incidents.lasting import vessels_in
from pipelines.assess.incidents.titles import excused
from pipelines.assess.reasons import Teller

RELATED: Final = 5
"""So many are told that share no vessel with it: what is read at a glance."""

ONE_NIGHT: Final = pd.Timedelta(hours=12)
"""Who comes to one coast within it came in one night: no night of the Straits is longer."""

SHORE_M: Final = 50 * METRES_PER_NM
"""What is further off along one coast is told of as another's. A judgement: two to three hours of
the boats that go over, so that who fetches at one place may land at the other."""

BESIDE_M: Final = 3 * METRES_PER_NM
BESIDE: Final = pd.Timedelta(hours=6)
"""What was so near, and so soon before or after, may be one story though no vessel is in both: a
boat of 10 kn goes over in 20 minutes, and who waits for another waits some hours. Judgements."""


@dataclass(frozen=True)
class Related:
    """Another incident, and why it is told beside one."""

    incident_id: str
    why: str


@dataclass(frozen=True)
class _Landing:
    """Where and when a boat came to a coast, or was nearest to the one that it made for, and from
    where; places may not be for this reader.
    """

    boat: int
    coast: str
    came: bool
    whence: str
    at: tuple[float, float] | None
    left: tuple[float, float] | None
    time: pd.Timestamp


@dataclass(frozen=True)
class Story:
    """What of an incident others may have in common with it."""

    incident_id: str
    main: int
    """Whom it is told by: 0 for none."""
    vessels: frozenset[int]
    met: frozenset[int]
    """Those in its events too, who have no part in it themselves."""
    landings: tuple[_Landing, ...]
    at: tuple[float, float] | None
    start: pd.Timestamp
    end: pd.Timestamp
    """Where what leads it was, and when; to the end of time where it goes on."""


@dataclass(frozen=True)
class Stories:
    """The stories of a night, and which of them may have something in common: of a thousand all
    pairs take half a minute.
    """

    told: Sequence[Story]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {one.incident_id: place for place, one in enumerate(self.told)}

    @cached_property
    def _sharing(self) -> dict[Hashable, list[int]]:
        found: dict[Hashable, list[int]] = {}
        for place, one in enumerate(self.told):
            for key in _shared_by(one):
                found.setdefault(key, []).append(place)
        return found

    def beside(self, incident_id: str) -> tuple[Story, list[Story]] | None:
        """Return a story, and those others in their order that a vessel, a coast or a place may
        tie to it; None where there is none of that id.
        """
        own = self._place.get(incident_id)
        if own is None:
            return None
        mine = self.told[own]
        keys = [
            *_shared_by(mine),
            *((_BAND, band + step) for band in _band(mine) for step in (-1, 1)),
        ]
        others = {place for key in keys for place in self._sharing.get(key, ())} - {own}
        return mine, [self.told[place] for place in sorted(others)]


_BAND: Final = "band"
_BANDS_PER_DEG: Final = 10.0
"""A band of latitude is wider than `BESIDE_M`: what is beside is in one's own or the next."""


def _band(one: Story) -> list[int]:
    if one.at is None:
        return []
    lat, _ = one.at
    return [math.floor(lat * _BANDS_PER_DEG)]


def _shared_by(one: Story) -> set[Hashable]:
    """Return what two stories have one of in common at least, where something ties them; a band of
    latitude may be the next.
    """
    coasts = {coast for landing in one.landings for coast in (landing.coast, landing.whence)}
    return {*one.vessels, *one.met, *coasts, *((_BAND, band) for band in _band(one))}


def stories(incidents: pd.DataFrame, events: pd.DataFrame) -> Stories:
    """Return what each incident that isn't over may share with others.

    Parameters
    ----------
    incidents, events
        `schemas.INCIDENTS`, and `events.EVENTS` of them.
    """
    ranked = incidents[incidents["rank"] > 0]
    wanted = {one for ids in ranked["events"] for one in str(ids).split(";")}
    own = events[events["event_id"].isin(list(wanted))]
    of = dict(zip(own["event_id"].tolist(), told(own), strict=True))
    rows = ranked.to_dict("records")
    each = (str(row["events"]).split(";") for row in rows)
    own_of = ([of[key] for key in ids if key in of] for ids in each)
    return Stories([_story(row, events) for row, events in zip(rows, own_of, strict=True)])


def related(among: Stories, incident_id: str, teller: Teller, n: int = RELATED) -> list[Related]:
    """Return what belongs with an incident, the closest first: all that shares a vessel with it,
    and others until there are `n`.

    Nothing is looked up but what `among` tells, so that a reader is told of what they may see.
    """
    beside = among.beside(incident_id)
    if beside is None:
        return []
    mine, others = beside
    found: list[tuple[float, int, Related]] = []
    for one in others:
        told_by = _why(mine, one, teller)
        if told_by is not None:
            worth, why = told_by
            found.append((-worth, len(found), Related(one.incident_id, why)))
    found.sort(key=lambda one: one[:2])
    sharing = sum(1 for worth, *_ in found if -worth >= _VESSEL)
    return [one for *_, one in found[: max(n, sharing)]]


_VESSEL: Final = 4.0
_COAST: Final = 2.0
_WAY_BACK: Final = 1.0
"""What counts most: a vessel in both, then the coast that both came to, then the same two."""


def _why(mine: Story, one: Story, teller: Teller) -> tuple[float, str] | None:
    """Return what ties another story to one, and how closely; None where nothing does."""
    worth, why = 0.0, []
    both = ((mine.vessels | mine.met) & one.vessels) | (mine.vessels & one.met)
    if both:
        worth = _VESSEL
        why.append(_in_both(mine, one, both, teller))
    coast = _ashore(mine, one, teller)
    if coast is not None:
        return max(worth, coast[0]), ", ".join([*why, coast[1]])
    if both:
        return worth, why[0]
    return _beside(mine, one, teller)


def _in_both(mine: Story, one: Story, both: frozenset[int], teller: Teller) -> str:
    """Say which vessels tie two stories: who is told of in one of them, and has no part in the
    other but that events of it name it, isn't found among the vessels of that one.
    """
    say, theirs = teller.say, both & one.vessels
    told = theirs & mine.vessels or theirs or both
    name, n = teller.name(min(told)), len(told) - 1
    if theirs & mine.vessels:
        if n:
            return say("{name} and {n} more are in both", name=name, n=n)
        return say("{name} is in both", name=name)
    if theirs:
        if n:
            return say(
                "{name} and {n} more of that incident are in events of this one", name=name, n=n
            )
        return say("{name} of that incident is in events of this one", name=name)
    if n:
        return say("{name} and {n} more of this incident are in events of that one", name=name, n=n)
    return say("{name} of this incident is in events of that one", name=name)


def _ashore(mine: Story, one: Story, teller: Teller) -> tuple[float, str] | None:
    """Tell who came to the same coast in the same night, near by, or went between the same two."""
    best: tuple[float, str] | None = None
    for a in mine.landings:
        for b in one.landings:
            back = (a.coast, a.whence) == (b.whence, b.coast)
            apart = abs(b.time - a.time)
            if apart > ONE_NIGHT or (a.coast != b.coast and not back):
                continue
            # Who goes the other way is near where the one sets out from the shore that the other
            # came to: of two shores the nearer pair, as a boat that fetches leaves where it landed.
            ends = ((a.at, b.left), (a.left, b.at)) if back else ((a.at, b.at),)
            far = [float(distance_m(*p, *q)) for p, q in ends if p is not None and q is not None]
            far_m = min(far, default=None)
            if far_m is not None and far_m > SHORE_M:
                continue
            near = 0.0 if far_m is None else 1 / (1 + far_m / (10 * METRES_PER_NM))
            worth = (_WAY_BACK if back else _COAST) + near - apart / ONE_NIGHT / 2
            if best is None or worth > best[0]:
                best = worth, _crossed(a, b, far_m, one.main, teller)
    return best


def _crossed(a: _Landing, b: _Landing, far_m: float | None, main: int, teller: Teller) -> str:
    say, who = teller.say, teller.name(b.boat)
    if a.coast == b.coast:
        named = {"state": state(b.coast, say), "name": who}
        other = b.boat != main  # a ship that boats visit came to no coast
        if a.came and b.came:
            told = say("came to the coast of {state} too", state=named["state"])
            if other:
                told = say("{name} came to the coast of {state} too", **named)
        else:
            told = say("made for the coast of {state} too", state=named["state"])
            if other:
                told = say("{name} made for the coast of {state} too", **named)
    else:
        ways = {"one": state(b.whence, say), "other": state(b.coast, say)}
        told = say("crossed the other way, from {one} to {other}", **ways)
        if b.boat != main:
            told = say("{name} crossed the other way, from {one} to {other}", name=who, **ways)
    said = [told] if far_m is None else [told, say("{far} off", far=teller.distance(far_m))]
    return ", ".join([*said, _later(a.time, b.time, teller)])


def _beside(mine: Story, one: Story, teller: Teller) -> tuple[float, str] | None:
    """Tell what was at the same place soon before or after."""
    if mine.at is None or one.at is None:
        return None
    apart = max(one.start - mine.end, mine.start - one.end)
    far_m = float(distance_m(*mine.at, *one.at))
    if far_m > BESIDE_M or apart > BESIDE:
        return None
    far = teller.say("{far} off", far=teller.distance(far_m))
    if apart <= pd.Timedelta(0):
        when = teller.say("at the same time")
    elif one.start > mine.end:
        when = _later(mine.end, one.start, teller)
    else:
        when = _later(mine.start, one.end, teller)
    return 1 / (2 + far_m / BESIDE_M), f"{far}, {when}"


def _later(one: pd.Timestamp, other: pd.Timestamp, teller: Teller) -> str:
    """Say how long before or after one time another is."""
    if other == one:
        return teller.say("at the same time")
    duration = teller.duration(min(one, other), max(one, other))
    if other > one:
        return teller.say("{duration} later", duration=duration)
    return teller.say("{duration} before", duration=duration)


def _story(row: Mapping[Any, Any], events: Sequence[Told]) -> Story:
    lead = events[0] if events else None
    start, end = (row["start"], row["end"]) if lead is None else (lead.start, lead.end)
    known = not (pd.isna(row["lat"]) or pd.isna(row["lon"]))
    return Story(
        str(row["incident_id"]),
        int(str(row["vessels"])[:9] or 0),
        frozenset(vessels_in(row["vessels"])),
        frozenset({m for one in events for m in (one.mmsi, one.other_mmsi)} - {0}),
        tuple(_landings(events)),
        (float(row["lat"]), float(row["lon"])) if known else None,
        start,
        pd.Timestamp.max.tz_localize("UTC") if end is None or pd.isna(end) else end,
    )


def _landings(events: Iterable[Told]) -> Iterable[_Landing]:
    """Return where boats came to a coast, or made for one, that no innocent reason fits."""
    for one in events:
        coast = one.evidence.get("to_state") if one.kind == "crossing" else None
        if not coast or excused(one):
            continue
        time = time_of(one.evidence) or one.end or one.start
        came = came_over(one.subkind, one.evidence)
        whence = str(one.evidence.get("other_state") or one.evidence.get("from_state") or "")
        left = place_named(one.evidence, "left")
        yield _Landing(one.mmsi, str(coast), came, whence, place_of(one.evidence), left, time)
