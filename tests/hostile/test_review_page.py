"""The page of learned places in a real browser: it runs no script but its own."""

import re
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from detectors.surroundings.zones import Zones
from pipelines.publish.review import page as review_map
from pipelines.reference.learned import Snapshot
from tests.pipelines.publish import conftest as browser

page = browser.page

HOSTILE = "</title><script>document.title='owned'</script><img src=x onerror=alert(1)>"


def _feature(zone_id: str, name: str, lon: float) -> dict[str, Any]:
    return {
        "geometry": shapely.geometry.mapping(shapely.box(lon, 2.0, lon + 0.1, 2.1)),
        "properties": {
            "zone_id": zone_id,
            "name": name,
            "zone_class": "lane" if lon < 102 else "anchorage",
            "n_vessels": 12,
            "n_visits": 30,
            "n_days": 9,
            "confidence_score": 0.8,
            "direction_deg": 310.0 if lon < 102 else None,
            "more": name,
        },
    }


@pytest.fixture(scope="module")
def text() -> str:
    """The page of two places, one of them with a hostile name."""
    facts = {"since": "2026-01-01", "until": HOSTILE, "simulated": True, "reports": 9, "vessels": 3}
    found = Snapshot(
        Path(f"{HOSTILE.replace('/', '')}.json"),
        facts,
        [_feature("a-1", "Lane", 101.0), _feature("b-2", HOSTILE, 103.0)],
    )
    land = gpd.GeoDataFrame(geometry=[shapely.box(101.2, 1.8, 101.6, 2.0)], crs=4326)
    frame = gpd.GeoDataFrame(
        {
            "zone_id": ["p"],
            "name": [HOSTILE],
            "zone_class": ["port"],
            "source": ["a test"],
            "confidence": ["approximate"],
        },
        geometry=[shapely.box(101.5, 2.0, 101.6, 2.1)],
        crs=4326,
    )
    zones = Zones(frame, land, shapely.box(94, -2, 106, 9))
    return review_map.render(found, {"a-1": "accept"}, zones)


def test_no_page_allows_what_it_does_not_name() -> None:
    """Not by its template, and not by the code that fills it."""
    root = Path(str(resources.files("pipelines")))
    sources = [*root.rglob("*.j2"), *root.rglob("*.py"), *root.rglob("*.html")]
    found = [path.name for path in sources if "unsafe-" in path.read_text("utf-8")]
    assert found == ["gate.py"]  # of Prefect's own pages, which aren't ours to write
    pages = [path for path in root.rglob("*.j2") if "<html" in path.read_text("utf-8")]
    assert pages  # one frame, which all pages share
    for path in pages:
        # A page that is served has its policy in its headers: test_desk.py.
        assert "Content-Security-Policy" in path.read_text("utf-8") or "web" in path.parts, path
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", path.read_text("utf-8")), path


@pytest.mark.parametrize(
    "injected",
    [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "<body onload=\"document.title='owned'\">",
        "<script src='data:text/javascript,document.title=1'></script>",
        "<svg><script>document.title='owned'</script></svg>",
        "<svg onload=\"document.title='owned'\"></svg>",
        "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
        "<a id=x href=\"javascript:document.title='owned'\">x</a>",
        "<style>#map { cursor: wait }</style>",
        "<p style='position: fixed'>x</p>",
        "<form action='file:///' id=f></form>",
    ],
)
def test_what_got_onto_the_page_does_not_run(
    page: Any, text: str, tmp_path: Path, injected: str
) -> None:
    """As if a name had come through unescaped after all."""
    file = tmp_path / "review.html"
    file.write_text(text.replace("<h1", f"{injected}<h1", 1), encoding="utf-8")
    page.open(file)
    page.evaluate("document.querySelector('#x')?.click(); document.querySelector('#f')?.submit()")
    page.settle()
    assert page.messages != []  # the browser says that it refused
    assert "Learned places" in page.evaluate("document.title")
    assert page.evaluate("getComputedStyle(document.querySelector('#map')).cursor") != "wait"
    moved = (
        "[...document.querySelectorAll('p')].some((p) => getComputedStyle(p).position == 'fixed')"
    )
    assert not page.evaluate(moved)
