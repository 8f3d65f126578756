"""What the pages load beside themselves: a style sheet and scripts, a closed list."""

from functools import cache
from typing import Final

from pipelines.publish.maps import canvas, style
from pipelines.publish.maps.page import text_of

_MAPS: Final = ("places", "area")
_SCRIPT: Final = "text/javascript; charset=utf-8"


def find(name: str) -> tuple[str, str] | None:
    """Return type and text of an asset; None for what is none."""
    return _assets().get(name)


@cache
def _assets() -> dict[str, tuple[str, str]]:
    sheet = [
        style.variables(),
        text_of("pipelines.publish.maps", "page.css"),
        canvas.sheet(),
        text_of(__package__, "static/desk.css"),
    ]
    chart = canvas.script(text_of(__package__, "static/chart.js"), playback=True)
    places, area = (canvas.script(text_of(__package__, f"static/{n}.js")) for n in _MAPS)
    return {
        "desk.css": ("text/css; charset=utf-8", "".join(sheet)),
        "early.js": (_SCRIPT, text_of(__package__, "static/early.js")),
        "desk.js": (_SCRIPT, text_of(__package__, "static/desk.js")),
        "chart.js": (_SCRIPT, f"{canvas.leaflet()}\n{chart}"),
        "places.js": (_SCRIPT, f"{canvas.leaflet()}\n{places}"),
        "area.js": (_SCRIPT, f"{canvas.leaflet()}\n{area}"),
    }
