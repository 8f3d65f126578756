"""A scene for the scripts that move and play it: data as small as they can be, and the scripts.

Lines are lists of integers in units of 1/`SCALE` degree, each pair the difference to the pair
before; tracks are finer and have the seconds as a third number.
"""

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Floats
from pipelines.publish.maps import style
from pipelines.publish.maps.page import text_of
from pipelines.publish.maps.scene import Scene
from pipelines.publish.maps.thin import SILENCE_S

SCALE: Final = 10_000  # 1/10000 degree = 11 m, a quarter of a pixel at the closest zoom's 1 nm wide
TRACK_SCALE: Final = 100_000  # 1.1 m: a drift alongside must stay visible

_SCRIPTS: Final = ("world", "ground", "marks", "overlay", "drawing", "sheet", "stage")
_PLAYBACK: Final = "playback"


def data_of(scene: Scene) -> dict[str, Any]:
    """Everything the scripts draw, ready for `text.script_json`.

    The fields of the scene and of what is in it by their names, those of its ground among them, and
    `scale`, `track_scale`, `silence_s` and `style` (`style.for_scripts`).
    """
    whole = _plain(scene)
    return {
        **whole.pop("ground"),
        **whole,
        "scale": SCALE,
        "track_scale": TRACK_SCALE,
        "silence_s": SILENCE_S,
        "style": style.for_scripts(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        scale = SCALE if value.shape[1] == 2 else [TRACK_SCALE, TRACK_SCALE, 1]
        return delta_coded(value * scale, 1)
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


def delta_coded(xy: Floats, scale: int) -> list[int]:
    """Points (n, 2) as integers x0, y0, dx1, dy1, … in units of 1/scale.

    >>> delta_coded(np.array([[1.0, 2.0], [1.5, 1.9]]), 10)
    [10, 20, 5, -1]
    """
    whole = np.round(xy * scale).astype("int64")
    return np.diff(whole, axis=0, prepend=np.zeros((1, whole.shape[1]), "int64")).ravel().tolist()


@cache
def leaflet() -> str:
    """Leaflet with its licence, and without the last line, which names a file for debuggers."""
    code = text_of(__package__, "leaflet/leaflet.js").partition("//# sourceMappingURL")[0]
    return f"/*\n{text_of(__package__, 'leaflet/LICENSE')}*/\n{code}"


def sheet() -> str:
    """Return what a page with a moving map has in its style sheet beside what all have."""
    return text_of(__package__, "leaflet/leaflet.css") + text_of(__package__, "map.css")


def script(page_script: str, *, playback: bool = False) -> str:
    """Return the code of a page with a moving map: map's files and page's own, in one scope."""
    names = (*_SCRIPTS, _PLAYBACK) if playback else _SCRIPTS
    files = (text_of(__package__, f"script/{name}.js") for name in names)
    return "\n".join(['"use strict";', "{", *files, page_script, "}"])
