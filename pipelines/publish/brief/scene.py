"""What the brief's map shows: flagged vessels, their tracks and events, and the patrol plan."""

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Floats
from detectors.core.frames import SECOND_US, epoch_us, offsets
from pipelines.assess.incidents import certainty_of
from pipelines.assess.incidents.silences import numbers_since
from pipelines.publish import earlier
from pipelines.publish.briefing import vessel_names
from pipelines.publish.cards import EventCard, IncidentCard, VesselCard
from pipelines.publish.maps import cut, thin
from pipelines.publish.maps.scene import Event, Scene, Track, Vessel
from pipelines.publish.plan import overlay
from pipelines.publish.products import Products

_TRACK_VERTICES: Final = 60_000

PACE_SHARE: Final = 0.95
"""The reach of a silence is drawn at this share of the speeds before it: a judgement, for the very
fastest report may be a wrong one."""


LONE: Final = 1_000_000
"""Incidents without a vessel take places from here on, beyond those of all vessels."""


def scene_of(
    products: Products,
    cards: Sequence[VesselCard],
    also: Sequence[IncidentCard] = (),
    language: str = "",
) -> Scene:
    """Draw the map of a run.

    Parameters
    ----------
    cards
        The vessels to draw; tracks of others are left out, partners in their events apart.
    also
        Incidents to mark by themselves, such as a sighting that no vessel explains.
    language
        What zones are called in; empty: the products'.
    """
    lone = [one for one in also if one.lon is not None and one.lat is not None]
    places = np.array([*_places(cards), *((one.lon, one.lat) for one in lone)], "float64").reshape(
        -1, 2
    )
    heard_deg = products.manifest.get("heard_within_deg") or ()
    lon0, fit = cut.extent(places[:, 0], places[:, 1], products.zones, heard_deg)
    tracks = earlier.joined(products.earlier, products.tracks)
    wanted = tracks[tracks["mmsi"].isin(_shown_mmsi(products, cards))]
    x, y = cut.relative(wanted["lon"].to_numpy(), lon0), wanted["lat"].to_numpy()
    box = cut.padded(
        (
            min(fit[0], x.min(initial=fit[0])),
            min(fit[1], y.min(initial=fit[1])),
            max(fit[2], x.max(initial=fit[2])),
            max(fit[3], y.max(initial=fit[3])),
        )
    )
    regions, ways, points = overlay.layers(products.planned, lon0)
    return Scene(
        lon0=lon0,
        fit=fit,
        box=box,
        ground=cut.ground(products.zones, box, lon0, language=language or products.language),
        regions=regions,
        ways=ways,
        points=points,
        tracks=_tracks(wanted, x, products, cards),
        vessels=_vessels(wanted, cards, lon0),
        events=(
            *_events(products, tracks, cards, lon0),
            *(_lone(one, products, lon0) for one in lone),
        ),
        numbers={card.place: card.rank for card in cards}
        | {LONE + one.rank: one.rank for one in lone},
        start_s=int(products.start.timestamp()),
        end_s=int(products.end.timestamp()),
    )


def _places(cards: Sequence[VesselCard]) -> list[tuple[float, float]]:
    """Return where what is told of happened; where that isn't known, where vessels were seen."""
    happened = [(event.lon, event.lat) for card in cards for event in card.events[:1]]
    seen = [(card.lon, card.lat) for card in cards]
    known = [(x, y) for x, y in happened if x is not None and y is not None]
    return known or [(x, y) for x, y in seen if x is not None and y is not None]


def _shown_mmsi(products: Products, cards: Sequence[VesselCard]) -> set[int]:
    keys = {event.event_id for card in cards for event in card.events}
    events = products.events[products.events["event_id"].isin(keys)]
    return {card.mmsi for card in cards} | set(events["mmsi"]) | set(events["other_mmsi"]) - {0}


def _tracks(
    tracks: pd.DataFrame, x: Floats, products: Products, cards: Sequence[VesselCard]
) -> tuple[Track, ...]:
    place = {card.mmsi: card.place for card in cards}
    names = vessel_names(products)
    y = np.clip(tracks["lat"].to_numpy(), -cut.MAX_LAT, cut.MAX_LAT)
    time_s = epoch_us(tracks["time"]) // SECOND_US
    bounds = offsets(tracks["track_id"].to_numpy())
    kept = thin.kept_within(x, y, time_s, bounds, _TRACK_VERTICES)
    xyt = np.column_stack([x, y, time_s - int(products.start.timestamp())])
    cuts = np.flatnonzero(thin.breaks(x, time_s, bounds))
    found = []
    for first, last in pairwise(bounds):
        if first == last:
            continue
        mine = kept[np.searchsorted(kept, first) : np.searchsorted(kept, last)]
        pieces = np.split(mine, np.searchsorted(mine, cuts[(cuts > first) & (cuts < last)]))
        mmsi = int(tracks["mmsi"].iloc[first])
        name = names.get(mmsi, f"MMSI {mmsi:09d}")
        lines = tuple(xyt[piece] for piece in pieces if len(piece))
        found.append(Track(mmsi, place.get(mmsi, 0), name, lines))
    return tuple(found)


def _vessels(tracks: pd.DataFrame, cards: Sequence[VesselCard], lon0: float) -> tuple[Vessel, ...]:
    last = tracks.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    heading = last["heading_deg"].fillna(last["cog_deg"])
    towards = {
        int(mmsi): None if pd.isna(angle) else float(angle)
        for mmsi, angle in zip(last["mmsi"], heading, strict=True)
    }
    return tuple(
        Vessel(
            card.place,
            card.mmsi,
            card.name if card.named else f"{card.mmsi:09d}",
            *_place(card.lon, card.lat, lon0),
            towards.get(card.mmsi),
        )
        for card in cards
    )


def _events(
    products: Products, tracks: pd.DataFrame, cards: Sequence[VesselCard], lon0: float
) -> tuple[Event, ...]:
    """One mark per event; an event of two flagged vessels is theirs together."""
    events = products.events
    pairs = dict(
        zip(events["event_id"], zip(events["mmsi"], events["other_mmsi"], strict=True), strict=True)
    )
    told: dict[str, EventCard] = {}
    places: dict[str, list[int]] = {}
    for card in cards:
        for event in card.events:
            told.setdefault(event.event_id, event)
            places.setdefault(event.event_id, []).append(card.place)
    main, sure = _leading(products, cards, told), _certainties(products, cards)
    renamed = {*products.heard_since, *numbers_since(events)}  # where that hull is, is known
    return tuple(
        Event(
            key,
            event.kind,
            f"{event.title}: {event.who}, {event.when_utc}",
            *_place(event.lon, event.lat, lon0),
            _since(event.start, products),
            None if event.end is None else _since(event.end, products),
            tuple(int(mmsi) for mmsi in pairs[key] if mmsi),
            tuple(places[key]),
            key in main,
            0.0
            if event.kind != "gap" or (pairs[key][0], event.start) in renamed
            else _pace_kn(tracks, pairs[key][0], event.start),
            sure[places[key][0]],
        )
        for key, event in told.items()
    )


def _certainties(products: Products, cards: Sequence[VesselCard]) -> dict[int, str]:
    """Return the certainty of what each vessel's number stands for: its incident, else itself."""
    table = products.incidents
    score_of = dict(zip(table["rank"].tolist(), table["score"].tolist(), strict=True))
    return {card.place: certainty_of(score_of.get(card.rank, card.score)) for card in cards}


def _lone(one: IncidentCard, products: Products, lon0: float) -> Event:
    return Event(
        one.event_ids[0],
        one.kind,
        f"{one.what}, {one.when_utc}",
        *_place(one.lon, one.lat, lon0),
        _since(one.start, products),
        None if one.end is None else _since(one.end, products),
        (),
        (LONE + one.rank,),
        main=True,
        certainty=certainty_of(one.score),
    )


def _leading(
    products: Products, cards: Sequence[VesselCard], told: Container[str]
) -> frozenset[str]:
    """Return what has a mark from afar: the event that an incident is told by, as at the desk; of a
    vessel in no incident that is told here, its own strongest.
    """
    open_ = products.incidents[products.incidents["rank"] > 0]
    firsts = [str(joined).split(";")[0] for joined in open_["events"]]
    ranks = zip(open_["rank"].tolist(), firsts, strict=True)
    of_rank = {rank: key for rank, key in ranks if key in told}
    own = (card.events[0].event_id for card in cards if card.events and card.rank not in of_rank)
    return frozenset((*of_rank.values(), *own))


def _pace_kn(tracks: pd.DataFrame, mmsi: int, until: pd.Timestamp) -> float:
    """Return the most that a vessel made before a time, but for one report in twenty."""
    own = tracks.iloc[slice(*np.searchsorted(tracks["mmsi"].to_numpy(), [mmsi, mmsi + 1]))]
    sog_kn = own["sog_kn"].to_numpy()[(own["time"] <= until).to_numpy()]
    sog_kn = sog_kn[~np.isnan(sog_kn)]
    return round(float(np.quantile(sog_kn, PACE_SHARE)), 1) if len(sog_kn) else 0.0


def _since(time: pd.Timestamp, products: Products) -> int:
    return int((time - products.start).total_seconds())


def _place(lon: float | None, lat: float | None, lon0: float) -> tuple[float | None, float | None]:
    x = None if lon is None else round(float(cut.relative(lon, lon0)[0]), 5)
    return x, None if lat is None else round(lat, 5)
