"""A past night's map has the areas of that night, or what it shows in their place is said."""

import shutil
from pathlib import Path

from pipelines.base.settings import PROJECT, load
from pipelines.run.manifest import configuration_hashes
from pipelines.run.setup import load_zones
from pipelines.run.zones_then import zones_then

AREA = "name: {}\npolygon: [[101, 3], [102, 3], [102, 4]]\nwatch: [{{when: stay}}]\n"


def test_areas_drawn_since_are_left_out_and_changed_ones_are_named(tmp_path: Path) -> None:
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    watched = config / "zones" / "watch_areas"
    for name in ("beach", "river"):
        (watched / f"{name}.yaml").write_text(AREA.format(name))
    installation = load(tmp_path / "home", config)
    manifest = {"configuration": configuration_hashes(installation)}
    before = load_zones(installation)
    assert zones_then(installation, before, manifest) == (before, ())

    (watched / "beach.yaml").write_text(AREA.format("beach").replace("[102, 4]", "[102, 3.5]"))
    (watched / "river.yaml").unlink()
    (watched / "mangrove.yaml").write_text(AREA.format("mangrove"))
    (config / "zones" / "rules.yaml").write_text("rules: []\n")  # no area is drawn by these
    now = load_zones(installation)
    shown, changed = zones_then(installation, now, manifest)
    ids = set(shown.frame["zone_id"])
    assert "watch-mangrove" in set(now.frame["zone_id"]) - ids
    assert ids == set(before.frame["zone_id"]) - {"watch-river"}
    assert changed == ("watch_areas/beach.yaml", "watch_areas/river.yaml")
    assert zones_then(installation, now, {})[0] is now  # of an earlier version
