"""The brief's map at the desk: incidents of a night by their rank, or what one vessel did.

One scene of a night is made once; a list that is filtered, and an incident by itself, show a part
of it, on the ground that was cut out for the whole.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from detectors.core.arrays import Floats
from pipelines import store
from pipelines.ask.desk.charts import chart
from pipelines.ask.explain.page import as_flagged
from pipelines.assess.incidents import vessels_in
from pipelines.base.text import LOCAL, LOCAL_NAME, script_json
from pipelines.publish import earlier
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import span, vessel_cards
from pipelines.publish.cards import VesselCard
from pipelines.publish.maps import canvas, cut
from pipelines.publish.maps.scene import Box, Ground, Scene
from pipelines.publish.products import Products
from pipelines.web import units
from pipelines.web.night import Shown
from pipelines.web.recent import Recent

TRACK: Final = pd.Timedelta(weeks=2)
"""Of a vessel's track so much is drawn."""

AROUND: Final = pd.Timedelta(days=1)
MAX_EVENTS: Final = 200
"""Of one vessel's events so many are drawn, the strongest."""

_NOWHERE: Final[Box] = (0.0, 0.0, 0.0, 0.0)
_ROOM_DEG: Final = 0.1
"""Around what is to be seen of one incident: six miles."""
_COAST_DEG: Final = 1.0
"""The nearest coast is shown with it where it isn't further off: sixty miles."""


@dataclass(frozen=True)
class Drawn:
    """A map as a template shows it: data for the scripts, and the kinds of what is on it."""

    data: Markup
    kinds: tuple[str, ...]


class Charts:
    """Maps of nights, each made once."""

    def __init__(self) -> None:
        self._scenes, self._grounds, self._drawn = Recent(), Recent(), Recent(24)

    def night(self, shown: Shown, ranks: Collection[int]) -> Drawn:
        """Draw the incidents of some ranks."""
        kept = frozenset(ranks)
        key = (*self._key(shown), kept)
        return self._drawn.get(
            key, lambda: drawn_of(_part(self._scene(shown), kept), self._ground(shown))
        )

    def incident(self, shown: Shown, rank: int, plan: units.Held | None = None) -> Drawn:
        """Draw one incident, as near as it goes, and who sails for it."""
        key = (*self._key(shown), rank, _made(plan))

        def make() -> Drawn:
            row = shown.incidents["rank"] == rank
            long = bool((shown.incidents.loc[row, "start"] < shown.night.run["start"]).any())
            scene = _scene(shown, rank) if long else _part(self._scene(shown), {rank})
            if plan is not None:
                _, ways, points = units.layers(plan, scene.lon0, rank)
                scene = replace(scene, ways=ways, points=points)
            ground = None if long else self._ground(shown)
            return drawn_of(replace(scene, fit=_fit(scene)), ground)

        return self._drawn.get(key, make)

    def plan(self, shown: Shown, plan: units.Held) -> Drawn:
        """Draw who goes where, over the incidents that are sailed for."""

        def make() -> Drawn:
            whole = self._scene(shown)
            scene, boarded = _part(whole, units.sailed(plan)), units.boarded(plan)
            # The name beside a number is that of who is boarded, of all that an incident has.
            named = tuple(one for one in scene.vessels if one.mmsi in boarded)
            scene = replace(scene, vessels=named)
            regions, ways, points = units.layers(plan, scene.lon0)
            scene = replace(scene, regions=regions, ways=ways, points=points)
            places = [way.line for way in ways] or [np.zeros((0, 2))]
            fit = _around(np.concatenate(places), scene.fit)
            return drawn_of(replace(scene, fit=fit), self._ground(shown))

        return self._drawn.get((*self._key(shown), "plan", _made(plan)), make)

    def vessel(self, shown: Shown, mmsi: int) -> Drawn | None:
        """Draw where a vessel was of late, and what it did; None where it was never heard."""
        return self._drawn.get((*self._key(shown), "vessel", mmsi), partial(_vessel, shown, mmsi))

    def _scene(self, shown: Shown) -> Scene:
        return self._scenes.get(self._key(shown), partial(_scene, shown))

    def _ground(self, shown: Shown) -> dict[str, Any]:
        """Return the ground of a night as data, most of a page: it is the same in every part."""
        found: dict[str, Any] = self._grounds.get(
            self._key(shown),
            lambda: canvas.data_of(Scene(0.0, _NOWHERE, _NOWHERE, self._scene(shown).ground)),
        )
        return {one.name: found[one.name] for one in fields(Ground)}

    def _key(self, shown: Shown) -> tuple[Any, ...]:
        # A run that is named has the areas of its time.
        return (shown.night.run["run_id"], shown.night.moment.now, shown.language)


def _made(plan: units.Held | None) -> str:
    """Return what changes when a plan does."""
    return "" if plan is None else sha256(json.dumps(plan).encode()).hexdigest()


def _scene(shown: Shown, alone: int = 0) -> Scene:
    """Draw all incidents of a night: a rank is an incident's, and its main vessel comes last.

    One `alone` is drawn from before it began, be that before the night.
    """
    night, table = shown.night, shown.incidents[shown.incidents["rank"] > 0]
    table = table[table["rank"] == alone] if alone else table
    events, start = night.events, night.run["start"]
    mmsis = {mmsi for joined in table["vessels"] for mmsi in vessels_in(joined)}
    heard = pd.DataFrame(night.reports(sorted(mmsis), start, night.run["end"]))
    before = pd.DataFrame(earlier.ways(night.reports, table, start, night.run["end"]))
    tracks = earlier.joined(before, heard)
    if alone:
        start = min(earlier.begun(one, night.run["end"]) for one in [start, *table["start"]])
    flags = [who for row in table.to_dict("records") for who in _flags(shown, row)]
    nothing = {"score": 0.0, "explanation": "", "event_id": ""}
    made = chart(
        "",
        night.run,
        flagged=as_flagged(nothing, flags, tracks),
        events=events,
        tracks=tracks,
        vessels=pd.DataFrame({"mmsi": list(shown.names), "name": list(shown.names.values())}),
        zones=night.areas,
        span=(start, night.run["end"]),
    )
    # The list beside the map is of incidents.
    cards = [replace(card, place=card.rank) for card in vessel_cards(made.products)]
    scene = _labelled(shown, made.products, cards, events)
    leading = {joined.split(";")[0] for joined in table["events"]}  # one to an incident
    led = [replace(one, main=one.id in leading) for one in scene.events]
    return replace(scene, events=tuple(led))


def _vessel(shown: Shown, mmsi: int) -> Drawn | None:
    night = shown.night
    end: pd.Timestamp = shown.night.moment.known_time
    tracks = pd.DataFrame(night.reports([mmsi], end - TRACK, end))
    if tracks.empty:
        return None
    events = events_of(shown, mmsi)
    events = events[events["start"] >= tracks["time"].min() - AROUND]
    events = events.nlargest(MAX_EVENTS, "score").sort_index()
    about = {"score": 0.0, "explanation": "", "event_id": ";".join(events["event_id"])}
    who = {"mmsi": mmsi, "imo": 0, "name": shown.name(mmsi), "callsign": ""}
    made = chart(
        "",
        night.run,
        flagged=as_flagged(
            about, [{**who, "flag_state": "", "ship_type": "", "reasons": ""}], tracks
        ),
        events=events.assign(status="unchanged"),
        tracks=tracks,
        vessels=pd.DataFrame({"mmsi": list(shown.names), "name": list(shown.names.values())}),
        zones=night.areas,
        span=(tracks["time"].min(), tracks["time"].max()),
    )
    cards = vessel_cards(made.products)
    scene = _labelled(shown, made.products, cards, events)
    scene = _numbered(shown, scene)
    ways = [piece[:, :2] for one in scene.tracks for piece in one.pieces]
    return drawn_of(replace(scene, fit=_around(np.concatenate(ways), scene.fit)))


def _numbered(shown: Shown, scene: Scene) -> Scene:
    """Return a vessel's scene with the number of its incident on each event, none on the others.

    An event goes by its number first, from a place on that no vessel has, and by its vessel then.
    """
    of = {key: line.rank for line in shown.lines for key in line.events}
    last = max((one.rank for one in scene.vessels), default=0)
    ranks = {one.id: of.get(one.id, 0) for one in scene.events}
    events = [replace(one, ranks=(last + 1 + ranks[one.id], *one.ranks)) for one in scene.events]
    own = {one.rank: shown.numbers.get(one.mmsi, 0) for one in scene.vessels}
    numbers = {**own, **{last + 1 + rank: rank for rank in ranks.values()}}
    return replace(scene, events=tuple(events), numbers=numbers)


def events_of(shown: Shown, mmsi: int) -> pd.DataFrame:
    """Return the events of a vessel as they were known in a night, those retracted left out."""
    installation = shown.night.installation
    with store.read(installation.store, installation.settings.store) as reader:
        events = reader.events_as_of(shown.night.moment.ordinal, mmsi=mmsi)
    return events[~events["retracted"]].reset_index(drop=True)


def _flags(shown: Shown, row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Return the vessels of an incident as if it had flagged them, its main vessel last; MMSI 0
    where it has none.
    """
    own = shown.events_of(str(row["events"]).split(";"))  # what it is told by first: its mark
    sides = list(zip(own["event_id"], own["mmsi"], own["other_mmsi"], strict=True))
    mmsis = sorted(vessels_in(row["vessels"]) or {0}, key=lambda m: (m == row["mmsi"], m))
    why = {"rank": int(row["rank"]), "score": float(row["score"]), "reasons": row["title"]}
    plain = {"imo": 0, "callsign": "", "flag_state": "", "ship_type": ""}
    flags = []
    for mmsi in mmsis:
        theirs = [one for one, *both in sides if not mmsi or mmsi in both]
        ids = theirs or [one for one, *_ in sides]
        told = {"mmsi": mmsi, "name": shown.name(mmsi), "event_ids": ";".join(ids)}
        flags.append({**plain, **why, **told})
    return flags


def _labelled(
    shown: Shown, products: Products, cards: Sequence[VesselCard], table: pd.DataFrame
) -> Scene:
    """Return the scene of a map with what is said of its events in the reader's language."""
    rows = {str(row["event_id"]): row for row in table.to_dict("records")}
    known = replace(products, heard_since=shown.teller.since)
    scene = scene_of(known, cards, language=shown.language)
    said = []
    for one in scene.events:
        row = rows[one.id]
        who = ", ".join(shown.name(mmsi) or f"MMSI {mmsi:09d}" for mmsi in one.mmsi)
        what = shown.words.kind_of(str(row["kind"]), str(row["subkind"]))
        when = span(row["start"], row["end"], LOCAL, LOCAL_NAME, shown.words)
        label = ", ".join(part for part in (what, who, when) if part)
        said.append(replace(one, label=label))
    return replace(scene, events=tuple(said))


def _part(scene: Scene, ranks: Collection[int]) -> Scene:
    """Return what a scene shows of some incidents."""
    events = tuple(
        replace(one, ranks=kept)
        for one in scene.events
        if (kept := tuple(dict.fromkeys(rank for rank in one.ranks if rank in ranks)))
    )
    vessels = tuple(one for one in scene.vessels if one.rank in ranks)
    shown = {one.mmsi for one in vessels} | {mmsi for one in events for mmsi in one.mmsi}
    tracks = tuple(one for one in scene.tracks if one.mmsi in shown)
    return replace(scene, events=events, vessels=vessels, tracks=tracks)


def _fit(scene: Scene) -> Box:
    """Return the box of an incident: its events, the ways of its vessels meanwhile, a coast."""
    places = [(one.x, one.y) for one in scene.events]
    places += [(one.x, one.y) for one in scene.vessels]
    places += [(one.x, one.y) for one in scene.points]
    xy = np.array([place for place in places if None not in place], "float64").reshape(-1, 2)
    begin = min((one.begin_s for one in scene.events), default=0)
    goes_on = any(one.end_s is None for one in scene.events)
    end = np.inf if goes_on else max((one.end_s or 0 for one in scene.events), default=0)
    ways = [piece for one in scene.tracks if one.rank for piece in one.pieces]
    meanwhile = [way[(way[:, 2] >= begin) & (way[:, 2] <= end), :2] for way in ways]
    xy = np.concatenate([xy, *meanwhile])
    return _around(np.concatenate([xy, _coast(scene, xy)]), scene.fit)


def _coast(scene: Scene, xy: Floats) -> Floats:
    """Return the corner of land nearest to the middle of some places; none where all is far."""
    land = np.concatenate([np.zeros((0, 2)), *scene.ground.land])
    if not len(xy) or not len(land):
        return np.zeros((0, 2))
    away = land - (xy.min(axis=0) + xy.max(axis=0)) / 2
    nearest = int(np.hypot(*away.T).argmin())
    return land[[nearest]] if np.hypot(*away[nearest]) < _COAST_DEG else np.zeros((0, 2))


def _around(xy: Floats, otherwise: Box) -> Box:
    if not len(xy):
        return otherwise
    (west, south), (east, north) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    return (
        west - _ROOM_DEG,
        max(south - _ROOM_DEG, -cut.MAX_LAT),
        east + _ROOM_DEG,
        min(north + _ROOM_DEG, cut.MAX_LAT),
    )


def drawn_of(scene: Scene, ground: dict[str, Any] | None = None) -> Drawn:
    """Return a scene for a page, on its own ground unless that is data already."""
    bare = scene if ground is None else replace(scene, ground=Ground())
    return Drawn(
        Markup(script_json({**canvas.data_of(bare), **(ground or {})})),  # noqa: S704 - made for this
        tuple(sorted({one.kind for one in scene.events})),
    )
