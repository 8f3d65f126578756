"""Where the feed is heard, on a map and in a table: the last 24 hours against the days before."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.core.arrays import Floats
from detectors.core.errors import SelatError
from pipelines.ask.health import SHADES
from pipelines.ask.health.words import gaps
from pipelines.base.labels import Labels
from pipelines.base.settings import Installation
from pipelines.base.spoken import spoken
from pipelines.detect.reception import MIN_USUAL, Block, Coverage
from pipelines.publish.maps import cut
from pipelines.publish.maps.scene import Region, Scene
from pipelines.publish.maps.style import LOOKS, Look
from pipelines.reference import layers
from pipelines.web.charts import Drawn, drawn_of

USUAL: Final = SHADES[0][0]
"""From this share of what is usual on, it is as usual: what `selat status` draws as full."""
LITTLE: Final = SHADES[2][0]
WORDS: Final = {
    "heard_usual": "as usual: three quarters of it or more",
    "heard_less": "a quarter to three quarters of the usual",
    "heard_little": "less than a quarter of the usual",
    "heard_none": "nothing heard where something usually is",
    "heard_new": "heard where hardly anything usually is",
    "heard_few": "few reports on a usual day: tells nothing",
}
"""How well a block was heard, in words, by how it is drawn."""
MAX_BLOCKS: Final = 2000
"""So many blocks are drawn, those of most reports: a sea of 2,000 by 1,000 miles has fewer."""
MAX_ROWS: Final = 200


@dataclass(frozen=True)
class Row:
    """A block: its key on the map, where it is, reports, what is usual, and how well in words."""

    key: str
    where: str
    reports: int
    usual: float
    how: str


@dataclass(frozen=True)
class Heard:
    """What the page shows."""

    said: Sequence[str]
    """What is compared, and whether there were gaps."""
    kinds: Sequence[tuple[Look, str, int]]
    """Of each way in which blocks are drawn: how, what it means and how many there are."""
    rows: Sequence[Row]
    """Blocks, those first of which most is missing; of others there are `more`."""
    more: int
    drawn: Drawn | None
    """The map; None where land can't be read."""


def heard(installation: Installation, coverage: Coverage, words: Labels) -> Heard | None:
    """Put into words, and draw, how the last 24 hours were heard; None where nothing ever was."""
    t, known = words.at_desk, bool(coverage.days)
    if not coverage.blocks:
        return None
    blocks = sorted(coverage.blocks, key=lambda one: max(one.usual, one.reports), reverse=True)
    kept = blocks[:MAX_BLOCKS]
    looks = {one: _look(one, known) for one in blocks}
    how = {name: t(text) for name, text in WORDS.items()}
    if not known:
        how["heard_usual"] = t("heard")
    counts = Counter(looks.values())
    said = [
        t("Reports of the last 24 h against the day before.")
        if coverage.days == 1
        else t("Reports of the last 24 h against the median of {n} days before.", n=coverage.days)
        if known
        else t("Reports of the last 24 h; nothing to compare with yet."),
        spoken(words, gaps(coverage.gaps, coverage.longest_gap_s, t("h"), t("d")))[0],
    ]
    missing = sorted(kept, key=lambda one: one.reports - one.usual)
    rows = [
        Row(_key(one), _where(one), one.reports, one.usual, how[looks[one]])
        for one in missing[:MAX_ROWS]
    ]
    kinds = [(LOOKS[name], text, counts[name]) for name, text in how.items() if counts[name]]
    try:
        drawn = drawn_of(_scene(installation, kept, looks, how))
    except SelatError:  # the page says it among what there is to look at
        drawn = None
    return Heard(said, kinds, rows, len(blocks) - len(rows), drawn)


def _look(block: Block, known: bool) -> str:
    """Return how a block is drawn; `known`: whether what is usual is."""
    if max(block.usual, block.reports) < MIN_USUAL:
        return "heard_few"
    if not known:
        return "heard_usual"
    if block.usual < MIN_USUAL:
        return "heard_new"
    share = block.reports / block.usual
    if share >= USUAL:
        return "heard_usual"
    return "heard_less" if share >= LITTLE else "heard_little" if share > 0 else "heard_none"


def _scene(
    installation: Installation,
    blocks: Sequence[Block],
    looks: dict[Block, str],
    how: dict[str, str],
) -> Scene:
    zones = layers.load_zones(installation.config / "zones", installation.reference)
    corners = np.array([_corners(one) for one in blocks])
    lon0, fit = cut.extent(corners[:, :, 0], corners[:, :, 1])
    box = cut.padded(fit)
    ground = cut.without_zones(zones, box, lon0)
    x = cut.relative(corners[:, 0, 0], lon0)
    regions = tuple(
        Region(
            (np.column_stack([west + ring[:, 0] - ring[0, 0], ring[:, 1]]),),
            looks[one],
            f"{_where(one)}: {one.reports:,} ({one.usual:,.0f}), {how[looks[one]]}",
            key=_key(one),
        )
        for one, ring, west in zip(blocks, corners, x, strict=True)
    )
    return Scene(lon0, fit, box, ground, regions=regions)


def _corners(block: Block) -> Floats:
    west, east, south, north = block.lon, block.lon + 0.5, block.lat, block.lat + 1
    return np.array([[west, south], [east, south], [east, north], [west, north]], "float64")


def _key(block: Block) -> str:
    return f"block{block.lat:+d}{block.lon:+.1f}"


def _where(block: Block) -> str:
    """Return from where to where a block reaches.

    >>> _where(Block(-1, 101.5, 0, 0.0))
    '1°S–0°N 101°30′E–102°E'
    """
    lats = [_angle(one, "NS") for one in (block.lat, block.lat + 1)]
    lons = [_angle(one, "EW") for one in (block.lon, block.lon + 0.5)]
    return f"{'–'.join(lats)} {'–'.join(lons)}"


def _angle(value: float, signs: str) -> str:
    minutes = round(abs(value) * 60)
    return f"{minutes // 60}°{f'{minutes % 60}′' if minutes % 60 else ''}{signs[value < 0]}"
