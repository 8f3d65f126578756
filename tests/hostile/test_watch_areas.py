"""Watch areas come from anywhere: broken, absurd and hostile files are refused with their name."""

from pathlib import Path

import pytest

from detectors.core.errors import ConfigError
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.reference import layers as reference

SQUARE = "polygon: [[100.0, 3.0], [100.1, 3.0], [100.1, 3.1], [100.0, 3.1]]"
WATCH = "watch: [{when: enter}]"


def area(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / "watch_areas" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def watching(**asked: object) -> str:
    said = ", ".join(f"{key}: {value}" for key, value in asked.items())
    return f"name: x\n{SQUARE}\nwatch: [{{{said}}}]"


def test_a_sound_one_is_a_zone(tmp_path: Path) -> None:
    area(tmp_path, f"name: <script>alert(1)</script>\n{SQUARE}\n{WATCH}", "a b.yaml")
    zones = reference.load_zones(tmp_path, REFERENCE)
    ((row, watch),) = zones.watches
    assert (zones.id_of(row), watch.when, watch.score) == ("watch-a-b", "enter", 0.3)
    assert zones.within([3.05], [100.05], ("watch_area",)).all()
    without, again = reference.with_zone(
        zones, reference.read_area(tmp_path / "watch_areas" / "a b.yaml"), tmp_path
    )
    assert (len(without.watches), len(again.watches)) == (0, 1)


def test_the_example_that_comes_along_is_sound(tmp_path: Path) -> None:
    example = PROJECT / "config/zones/watch_areas/example.yaml.txt"
    made = reference.read_area(area(tmp_path, example.read_text("utf-8")))
    assert [watch.when for watch in made["watches"]] == ["stay", "silence"]
    assert reference.area_files(PROJECT / "config/zones") == []


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

HUGE = "0x" + "f" * 5000
"""A number that Python reads and doesn't write."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "alias"),
        (MERGES, "alias"),
        ("a: " + "[" * 20_000, "can't be read"),
        ("x: " + "y" * 300_000, "more than 200,000 bytes"),
        ("- a", "isn't a mapping"),
        ("name: !!timestamp soon", "isn't what its tag says"),
        ("name: !!bool maybe", "isn't what its tag says"),
        ("name: !!int ''", "isn't what its tag says"),
        (f"name: {':'.join(['59'] * 400)}.5", "too large"),
        (f"? {HUGE}\n: 1", "there is no a huge number"),
        (f"name: x\npolygon: [[{HUGE}, 3], [100, 3], [100, 4]]\n{WATCH}", "polygon is a list"),
        (watching(when="speed", speed_kn=HUGE), "from 0.1 to 60"),
        (f"name: x\n{SQUARE}\nrules: [{{speed_kn_max: {HUGE}, source: a}}]", "up to"),
        ("name: a\nname: b", "stands twice"),
        (f"{SQUARE}\n{WATCH}", "it has no name"),
        (f"name: [a]\n{SQUARE}\n{WATCH}", "name is a text"),
        (f'name: "a\\e[2Jb"\n{SQUARE}\n{WATCH}', "can't be seen"),
        (f'name: "a\\u202eb"\n{SQUARE}\n{WATCH}', "can't be seen"),
        (f"name: {'a' * 101}\n{SQUARE}\n{WATCH}", "no long one"),
        (f"name: x\n{SQUARE}", "watch is missing"),
        (f"name: x\n{SQUARE}\nwatch: {{when: enter}}", "watch is a list"),
        (f"name: x\n{SQUARE}\nwatch: [{', '.join(['{when: enter}'] * 51)}]", "50 at most"),
        (f"name: x\nzone_class: anchorge\n{SQUARE}\n{WATCH}", "is it 'anchorage'"),
        (f"name: x\n{SQUARE}\n{WATCH}\nrun: rm", "there is no 'run'"),
        (f"name: x\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[.nan, 3], [100, 3], [100, 4]]\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[.inf, 3], [100, 3], [100, 4]]\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[1e300, 3], [100, 3], [100, 4]]\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[100, 3], [101, 3]]\n{WATCH}", "three corners"),
        (f"name: x\npolygon: {'[' * 90}1{']' * 90}\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[]]\n{WATCH}", "polygon is a list"),
        (f"name: x\npolygon: [[[[100, 3]]], 7]\n{WATCH}", "polygon is a list"),
        (f"name: x\n{SQUARE}\n{WATCH}\ndirection_deg: 3", "says nothing of a watch_area"),
        (f"name: x\nzone_class: lane\n{SQUARE}\ndirection_deg: .nan", "no direction"),
        (f"name: x\nzone_class: sts_area\n{SQUARE}\nlicensed: [[x]]", "neither true nor false"),
        (f"name: x\nzone_class: sts_area\n{SQUARE}\nlicensed: true", "licence_source"),
        (f'name: x\n{SQUARE}\n{WATCH}\nlicence_source: "a\\e[2J"', "can't be seen"),
        (f"name: x\npolygon: [[100, 3], [101, 4], [101, 3], [100, 4]]\n{WATCH}", "isn't valid"),
        (f"name: x\npolygon: [[3, 100], [4, 100], [4, 101]]\n{WATCH}", "out of range"),
        (f"name: x\npolygon: [[-170, 3], [170, 3], [170, 4]]\n{WATCH}", "180 degrees"),
        (watching(when="vanish"), "when is one of"),
        (watching(when="enter", score=1e300), "score is a number from 0 to 1"),
        (watching(when="enter", score=".nan"), "score is a number from 0 to 1"),
        (watching(when="enter", score="true"), "score is a number from 0 to 1"),
        (watching(when="stay", min_duration_min=-1), "from 0 to 360"),
        (watching(when="stay", min_duration_min=1e9), "from 0 to 360"),
        (watching(when="enter", min_duration_min=5), "is it stay"),
        (watching(when="speed"), "wants speed_kn"),
        (watching(when="speed", speed_kn=9999), "from 0.1 to 60"),
        (watching(when="meet", speed_kn=3), "says nothing of meet"),
        (watching(when="enter", hours="25:00-26:00"), "hours is a text"),
        (watching(when="enter", hours='"22:00-22:00"'), "hours begin when they end"),
        (watching(when="enter", vessels="tanker"), "vessels is a list"),
        (watching(when="enter", vessels="[submarine]"), "not 'submarine'"),
        (watching(when="enter", valid_from="soon"), "is no date"),
        (watching(when="enter", valid_from="2026-02-01", valid_until="2026-01-01"), "swapped"),
        (watching(when="enter", color="red"), "there is no 'color'"),
    ],
)
def test_what_is_no_watch_area_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    area(tmp_path, text)
    with pytest.raises(ConfigError, match=words) as caught:
        reference.load_zones(tmp_path, REFERENCE)
    assert "mine.yaml" in caught.value.message
    assert "\x1b" not in caught.value.message


def test_a_huge_outline_is_refused() -> None:
    points = [[100 + i * 1e-6, 3.0 + (i % 2) * 1e-9] for i in range(100_001)]
    ring = [*points, [100.5, 4.0], points[0]]
    with pytest.raises(ConfigError, match=r"more than 100,000 points|isn't valid"):
        reference.read_polygon({"type": "Polygon", "coordinates": [ring]}, "mine.geojson")


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(501):
        area(tmp_path, "", f"{number}.yaml")
    with pytest.raises(ConfigError, match="more than 500"):
        reference.load_zones(tmp_path, REFERENCE)


@pytest.mark.parametrize("made", [[["a"]], [{"when": ["enter"]}], [None], "enter", [[[]]] * 3])
def test_what_is_no_watch_in_a_geojson_zone_is_refused(made: object) -> None:
    with pytest.raises(ConfigError, match="here"):
        reference.read_watches(made, "here")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("100.0", "9" * 5000, "isn't JSON"),
        ("100.0", "9" * 400, "can't be read"),
        ("1e400", "1e400", "isn't valid|can't be read"),
        ("[[[100.0, 3]", f"{'[' * 500}100.0, 3{']' * 498}", "can't be read"),
        ('"n"', '"n\\ud800"', "half a character"),
        ('"watch": []', f'"watch": [{{"when": "speed", "speed_kn": {"9" * 400}}}]', "0.1 to 60"),
        ('"watch": []', f'"note": {"9" * 5000}', "isn't JSON"),
    ],
)
def test_what_is_no_zone_is_refused_by_name(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    about = '"zone_id": "a", "name": "n", "zone_class": "port", "source": "s"'
    about += ', "confidence": "approximate", "watch": []'
    ring = "[[100.0, 3], [101, 3], [101, 1e400], [100.0, 3]]".replace(
        "1e400", "1e400" if before == "1e400" else "4"
    )
    shape = f'{{"type": "Polygon", "coordinates": [{ring}]}}'
    zone = f'{{"type": "Feature", "properties": {{{about}}}, "geometry": {shape}}}'
    text = f'{{"type": "FeatureCollection", "features": [{zone}]}}'
    assert before in text
    (tmp_path / "mine.geojson").write_text(text.replace(before, after))
    with pytest.raises(ConfigError, match=words) as caught:
        reference.load_zones(tmp_path, REFERENCE)
    assert "mine.geojson" in caught.value.message
