"""A scene for the scripts that move and play it: data as small as they can be, and the scripts.

Lines are lists of integers in units of 1/`SCALE` degree, each pair the difference to the pair
before; tracks are finer and have the seconds as a third number.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from pipelines.export.maps import style
from pipelines.export.maps.page import text_of
from pipelines.export.maps.scene import Badge, Floats, Region, Scene, Ship
from pipelines.export.maps.thin import SILENCE_S

SCALE: Final = 10_000  # 1/10000 degree = 11 m, a quarter of a pixel at the closest zoom's 1 nm wide
TRACK_SCALE: Final = 100_000  # 1.1 m: a drift alongside must stay visible

_SCRIPTS: Final = ("world", "ground", "marks", "overlay", "drawing", "sheet", "stage")
_PLAYBACK: Final = "playback"


def data_of(scene: Scene) -> dict[str, Any]:
    """Everything the scripts draw, ready for `text.script_json`.

    Returns
    -------
    dict
        lon0 · scale, trackScale · fit and box (west, south, east, north relative to lon0) · start,
        end (epoch seconds), silence (s) · land (rings), states (labels) · zones, borders (lines) ·
        regions, ways, points · tracks (pieces between silences, with seconds since `start`) ·
        vessels · events (with seconds since `start`) · style (`style.for_scripts`).
    """
    ground = scene.ground
    return {
        "lon0": round(scene.lon0, 6),
        "scale": SCALE,
        "trackScale": TRACK_SCALE,
        "fit": [round(v, 4) for v in scene.fit],
        "box": [round(v, 4) for v in scene.box],
        "start": scene.start_s,
        "end": scene.end_s,
        "silence": SILENCE_S,
        "land": _lines(ground.land),
        "states": [[one.text, one.x, one.y, one.room_deg] for one in ground.labels],
        "zones": [_region(zone) for zone in ground.zones],
        "borders": _lines(ground.borders),
        "regions": [_region(region) for region in scene.regions],
        "ways": [
            {"look": way.look, "colour": way.colour, "line": delta_coded(way.line, SCALE)}
            for way in scene.ways
        ],
        "points": [
            {"x": round(p.x, 5), "y": round(p.y, 5), "symbol": p.symbol, "colour": p.colour,
             "text": p.text}
            for p in scene.points
        ],
        "tracks": [
            {
                "mmsi": track.mmsi,
                "rank": track.rank,
                "name": track.name,
                "pieces": [
                    delta_coded(piece * [TRACK_SCALE, TRACK_SCALE, 1], 1) for piece in track.pieces
                ],
            }
            for track in scene.tracks
        ],
        "vessels": [_ship(ship) for ship in scene.ships],
        "events": [_badge(badge) for badge in scene.badges],
        "style": style.for_scripts(),
    }  # fmt: skip


def delta_coded(xy: Floats, scale: int) -> list[int]:
    """Points (n, 2) as integers x0, y0, dx1, dy1, … in units of 1/scale.

    >>> delta_coded(np.array([[1.0, 2.0], [1.5, 1.9]]), 10)
    [10, 20, 5, -1]
    """
    whole = np.round(xy * scale).astype("int64")
    return np.diff(whole, axis=0, prepend=np.zeros((1, whole.shape[1]), "int64")).ravel().tolist()


def decoded(coded: Sequence[int], size: int) -> Floats:
    """What `delta_coded` coded, `size` numbers a point, still in its units.

    >>> decoded([10, 20, 5, -1], 2).tolist()
    [[10.0, 20.0], [15.0, 19.0]]
    """
    return np.cumsum(np.asarray(coded, "float64").reshape(-1, size), axis=0)


def _lines(lines: Iterable[Floats]) -> list[list[int]]:
    return [delta_coded(line, SCALE) for line in lines]


def _region(region: Region) -> dict[str, Any]:
    toward = {} if region.toward_deg is None else {"toward": round(region.toward_deg)}
    colour = {"colour": region.colour} if region.colour else {}
    key = {"key": region.key} if region.key else {}
    return {
        "name": region.title, "look": region.look, **toward, **colour, **key,
        "rings": _lines(region.rings),
    }  # fmt: skip


def _ship(ship: Ship) -> dict[str, Any]:
    return {
        "rank": ship.rank, "mmsi": ship.mmsi, "name": ship.name, "x": ship.x, "y": ship.y,
        "heading": None if ship.heading_deg is None else round(ship.heading_deg),
    }  # fmt: skip


def _badge(badge: Badge) -> dict[str, Any]:
    return {
        "id": badge.event_id, "kind": badge.kind, "label": badge.label, "x": badge.x, "y": badge.y,
        "begin": badge.begin_s, "end": badge.end_s, "mmsi": list(badge.mmsi),
        "ranks": list(badge.ranks), "main": badge.main,
    }  # fmt: skip


@cache
def leaflet() -> str:
    """Leaflet with its licence, and without the last line, which names a file for debuggers."""
    code = text_of(__package__, "leaflet/leaflet.js").partition("//# sourceMappingURL")[0]
    return f"/*\n{text_of(__package__, 'leaflet/LICENSE')}*/\n{code}"


def sheet() -> str:
    """What a page with a moving map has in its style sheet beside what all have."""
    return text_of(__package__, "leaflet/leaflet.css") + text_of(__package__, "map.css")


def script(page_script: str, *, playback: bool = False) -> str:
    """The code of a page with a moving map: the map's files and the page's own, in one scope."""
    names = (*_SCRIPTS, _PLAYBACK) if playback else _SCRIPTS
    files = (text_of(__package__, f"script/{name}.js") for name in names)
    return "\n".join(['"use strict";', "{", *files, page_script, "}"])
