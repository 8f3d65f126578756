"""Checks of what a user may edit, each answer with what is wrong, where, and what to do."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import ValidationError

import detectors
from detectors.core.detector import Detector
from detectors.core.errors import ConfigError, SelatError
from detectors.surroundings.settings import classes_read
from detectors.surroundings.zones import CONFIDENCES, ZONE_CLASSES, Zones
from pipelines.base import marks
from pipelines.base.files import read_plain
from pipelines.base.problems import Problem
from pipelines.base.yaml_files import first_problem, line_of, read_yaml
from pipelines.ingest import Area, explained
from pipelines.patrol import units
from pipelines.publish.packs import recipients
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot
from pipelines.reference import models, snapshots

SEA_CLASSES: Final = (
    "anchorage",
    "sts_area",
    "joint_area",
    "territorial_sea",
    "waiting_area",
    "pilot_ground",
    "lane",
    "precautionary_area",
    "tss_lane",
    "separation_zone",
)
"""Classes that are sea: a ship can lie anywhere in them."""

MAX_LAND_SHARE: Final[Mapping[str, float]] = {
    **dict.fromkeys(SEA_CLASSES, 0.01),  # a rock, an islet; the coast is good to 50-120 m
    "ferry_route": 0.1,  # it ends at quays
    "port": 0.6,  # quays, basins, and rivers that the land layer lacks
    "landing_place": 0.995,  # a circle on the coast; more than this and no boat can be in it
}
"""Share of a zone's area that may be land, by class."""


def check_zones(zones: Zones) -> list[Problem]:
    """Check zones: ids, classes, source and confidence, valid shapes, in reach, sea not on land.

    Returns list of Problem: In the order of the zones; empty when all is well.
    """
    return list(_problems_of(zones))


@lru_cache(maxsize=2)  # a desk asks again and again, of zones that are loaded once
def _problems_of(zones: Zones) -> tuple[Problem, ...]:
    frame = zones.frame
    problems: list[Problem] = []
    twice = frame["zone_id"].duplicated(keep=False).to_numpy()
    beyond: dict[str, list[str]] = {}
    for row, zone in enumerate(frame.itertuples()):
        where = f"zone {zone.zone_id}" + (f" in {zone.file}" if "file" in frame.columns else "")

        def report(
            level: Literal["error", "warning"], message: str, hint: str = "", where: str = where
        ) -> None:
            problems.append(Problem(level, where, message, hint))

        if twice[row]:
            report("error", "another zone has the same zone_id", "give each zone its own")
        if not str(zone.source).strip():
            report("error", "it has no source", "say where the outline comes from")
        if zone.confidence not in CONFIDENCES:
            report(
                "error", f"unknown confidence {zone.confidence!r}", f"known: {_list(CONFIDENCES)}"
            )
        shape = zone.geometry
        if shape is None or shape.is_empty:
            report("error", "it has no shape")
            continue
        if not shape.is_valid:
            report("error", f"its shape isn't valid: {shapely.is_valid_reason(shape)}")
            continue
        if not shape.intersects(zones.reach):
            turned = shapely.transform(shape, lambda lon_lat: lon_lat[:, ::-1])
            if shapely.intersects(turned, zones.reach):
                hint = "longitude and latitude swapped? With both exchanged it would lie within"
                report("warning", "it lies outside the area that the land layer reaches", hint)
            else:
                beyond.setdefault(str(getattr(zone, "file", "")), []).append(str(zone.zone_id))
            continue
        share = _land_share(shapely.to_wkb(shape), zones.ground[0])
        allowed = MAX_LAND_SHARE.get(str(zone.zone_class), 1.0)
        if share > allowed:
            report(
                "warning",
                f"{_percent(share)} of it is land; {_percent(allowed)} is tolerated in a "
                f"{zone.zone_class}",
                "move its outline off the coast",
            )
    problems += [_beyond(file, ids) for file, ids in beyond.items()]
    problems += _missing_classes(frame)
    return tuple(problems)


MAKE_LAYERS: Final = (
    "selat reference make --land FILE --bbox W,S,E,N makes a folder of layers for these waters; "
    "name it as `reference` in settings.yaml"
)


def _beyond(file: str, ids: list[str]) -> Problem:
    shown = ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")
    lies = "1 zone lies" if len(ids) == 1 else f"{len(ids)} zones lie"
    return Problem(
        "warning",
        f"zones in {file}" if file else "zones",
        f"{lies} outside the area that the land layer reaches, where nothing is assessed: {shown}",
        MAKE_LAYERS,
    )


def check_reach(run: Path, zones: Zones) -> list[Problem]:
    """Check that the land layer reaches what the newest run found; `run` is its folder."""
    try:
        counts = json.loads(read_plain(run / "manifest.json"))["counts"]
        unassessed = int(counts.get("out_of_reach", 0))
        if not unassessed:
            return []
        places = pd.read_parquet(run / "events.parquet", columns=["lat", "lon"]).dropna()
    except (FileNotFoundError, NotADirectoryError):
        return []  # there is no run yet
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        told = "its manifest.json or events.parquet is damaged"
        hint = "selat nightly looks at that window again, and makes another run of it"
        return [Problem("warning", f"run {Path(os.path.realpath(run)).name}", told, hint)]
    lat, lon = places["lat"].to_numpy("float64"), places["lon"].to_numpy("float64")
    # A latitude can't be beyond 90 when both are exchanged.
    swapped = zones.reached(lon, lat) & ~zones.reached(lat, lon)
    hint = (
        "longitude and latitude swapped in a mapping? With both exchanged most events would lie "
        "within its reach"
        if swapped.mean() > 0.5
        else MAKE_LAYERS
    )
    text = f"{unassessed} events of the newest run aren't assessed: no land layer reaches them"
    if unassessed == 1:
        text = "1 event of the newest run isn't assessed: no land layer reaches it"
    return [Problem("warning", "reference layers", text, hint)]


def _missing_classes(frame: gpd.GeoDataFrame) -> list[Problem]:
    return [
        Problem(
            "warning",
            "zones",
            f"there is no {zone_class} zone at all",
            "ordinary stops will be raised as loitering or encounters",
        )
        for zone_class in ("port", "anchorage")
        if not (frame["zone_class"] == zone_class).any()
    ]


def check_own_classes(zones: Zones, built: Sequence[Detector]) -> list[Problem]:
    """Find zone classes of a user's own that only zones have, or only detectors ask for."""
    carrying = sorted({row for row, _ in (*zones.rules, *zones.watches)})
    classes = zones.frame["zone_class"]
    drawn = set(classes.drop(classes.index[carrying])) - set(ZONE_CLASSES)
    read = set[str]().union(*map(classes_read, built)) - set(ZONE_CLASSES)
    idle = [
        Problem(
            "warning",
            "zones",
            f"no detector that is enabled reads zones of class {name!r}",
            f"name it in config/detectors.yaml, or is it a known one? {_list(ZONE_CLASSES)}",
        )
        for name in sorted(drawn - read)
    ]
    return idle + [
        Problem(
            "warning",
            "detectors.yaml",
            f"there is no zone of class {name!r}, which a detector asks for",
            f"draw one in config/zones, or is it a known class? {_list(ZONE_CLASSES)}",
        )
        for name in sorted(read - set(classes))
    ]


@lru_cache(maxsize=512)  # who adds a zone has the others as they were, and some take long
def _land_share(wkb: bytes, land: tuple[bytes, ...]) -> float:
    shape, tree = shapely.from_wkb(wkb), _land_tree(land)
    near = tree.geometries[tree.query(shape, predicate="intersects")]
    if not len(near):
        return 0.0
    whole = shapely.disjoint_subset_union_all(near)  # islands are many, and few touch
    return float(shapely.area(shapely.intersection(whole, shape)) / shapely.area(shape))


@lru_cache(maxsize=1)
def _land_tree(land: tuple[bytes, ...]) -> shapely.STRtree:
    return shapely.STRtree(shapely.from_wkb(np.array(land, object)))


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".0%", "%")


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(words)


_NOT_READ: Final = (".geojson", ".json", ".gpkg", ".shp", ".parquet", ".kml", ".kmz", ".gml")
"""Layers of other formats, or of names in capitals, that somebody takes for zones in use."""


def check_zone_files(zones_dir: Path) -> list[Problem]:
    """Check every feature of every zones file by itself.

    `layers.zones.load_zones` stops at the first broken feature; this names them all.
    """
    problems: list[Problem] = []
    files = reference.zone_files(zones_dir)
    if not files:
        hint = "put the *.geojson files of config/zones there"
        problems.append(Problem("warning", str(zones_dir), "there are no zones files", hint))
    for name in sorted(path.name for path in zones_dir.glob("*") if path not in files):
        if name.lower().endswith(_NOT_READ):
            hint = f"ogr2ogr -f GeoJSON -t_srs EPSG:4326 NAME.geojson {name}"
            problems.append(Problem("warning", name, "it isn't read: zones are *.geojson", hint))
    for path in files:
        try:
            for where, feature in reference.zone_features(path):
                problems += attempt(
                    path.name, partial(reference.read_zone, feature, where, path.name)
                )
        except Exception as error:
            problems.append(_problem(path.name, explained(path.name, error)))
    return problems


def check_config(config_dir: Path) -> list[Problem]:
    """Check the YAML files of a configuration folder: readable, and known detector parameters."""
    problems: list[Problem] = []
    for path in sorted(config_dir.glob("*.yaml")):
        problems += attempt(path.name, partial(read_yaml, path))
    unreadable = {problem.where for problem in problems}
    detectors_file = config_dir / "detectors.yaml"
    if detectors_file.name not in unreadable:
        problems += _check_detectors(detectors_file)
    for name, check in ((marks.FILE_NAME, marks.load), (recipients.FILE_NAME, recipients.load)):
        if (config_dir / name).exists() and name not in unreadable:
            problems += attempt(name, partial(check, config_dir))
    return problems


def _check_detectors(path: Path) -> list[Problem]:
    """Check every block by itself, so that all that is wrong is named, with its line."""
    text, blocks = path.read_text(encoding="utf-8"), read_yaml(path)
    problems: list[Problem] = []
    for name, block in blocks.items():
        if isinstance(block, dict) and not block.get("enabled", True):
            continue
        try:
            detectors.build({name: block or {}})
        except SelatError as error:
            cause = error.__cause__
            place: tuple[str | int, ...] = ()
            said = error.message
            if isinstance(cause, ValidationError):
                place, said = first_problem(cause)
                said = f"{'.'.join(map(str, (name, *place)))}: {said}"
            hint = f"mend line {line_of(text, [name, *place])} of {path}"
            hint = "; ".join(filter(None, (error.hint, hint)))
            problems.append(_problem(path.name, ConfigError(said, hint=hint)))
        except (TypeError, ValueError):
            hint = f"mend line {line_of(text, [name])} of {path}"
            problems.append(Problem("error", path.name, f"the block {name!r} is no mapping", hint))
    return problems or attempt(path.name, lambda: detectors.build(blocks))


def check_recipients(
    config_dir: Path, reference_dir: Path, zones: Zones, rules: marks.MarkRules
) -> list[Problem]:
    """Check that each recipient's area is one, and that some mark names what it holds."""
    named = {name for given in rules.given() for name in given.names(rules)}
    open_to_all = any(given.rel == marks.EVERYBODY for given in rules.given())
    problems: list[Problem] = []
    for name, recipient in recipients.load(config_dir).items():
        where = f"{recipients.FILE_NAME}, {name}"
        problems += attempt(where, partial(Area.parse, recipient.area, zones))
        if not open_to_all and not named & set(recipient.holds):
            text = f"no mark names {_list(recipient.holds) or 'anything'}, so nothing goes to it"
            hint = f"mend holds, or rel in {marks.FILE_NAME}"
            problems.append(Problem("warning", where, text, hint))
        if recipient.plan is not None:
            problems += _check_plan(config_dir, reference_dir, where, recipient, rules)
    return problems


def _check_plan(
    config_dir: Path,
    reference_dir: Path,
    where: str,
    recipient: recipients.Recipient,
    rules: marks.MarkRules,
) -> list[Problem]:
    """Check that a recipient's patrol units are there, and that a plan may go to it."""
    problems: list[Problem] = []
    with suppress(SelatError):  # what is wrong with the units themselves is told elsewhere
        known = units.of(config_dir, reference_dir)
        problems = attempt(where, partial(recipients.units_of, recipient, known))
    if not rules.of_plan().releasable(frozenset(recipient.holds), recipient.max_tlp):
        text = f"a patrol plan is {rules.of_plan()}, so none goes to it"
        problems.append(Problem("warning", where, text, f"mend plan in {marks.FILE_NAME}"))
    return problems


def check_learned(folder: Path) -> list[Problem]:
    """Check what was learned: files as they were written, decisions taken, a model fitted."""
    problems = attempt("learned places", lambda: snapshot.in_use(folder))
    broken = attempt("fitted models", lambda: models.load(folder))
    if not problems:
        problems += _undecided(folder)
    if not broken and snapshots.newest(folder, "normal", ".json") is None:
        problems.append(
            Problem(
                "warning",
                "fitted models",
                "no model of normal traffic is fitted: the detector outlier finds nothing",
                "with some weeks in the store: selat learn normal",
            )
        )
    return problems + broken


def _undecided(folder: Path) -> list[Problem]:
    newest = snapshot.read_newest(folder)
    decided = snapshot.decisions(folder)
    waiting = {zone_id for zone_id in (newest.ids() if newest else ()) if zone_id not in decided}
    if not waiting:
        return []
    text = f"{len(waiting)} learned places wait for a decision and aren't used"
    return [Problem("warning", "learned places", text, "selat learn review")]


def attempt(where: str, check: Callable[[], object]) -> list[Problem]:
    """Return the problem that a check meets, if any, whatever it is."""
    try:
        check()
    except Exception as error:
        return [_problem(where, explained(where, error))]
    return []


def _problem(where: str, error: SelatError) -> Problem:
    """Return what a check met, without where, which many errors say themselves."""
    return Problem("error", where, error.message.removeprefix(where).lstrip(":, "), error.hint)


def check_rules(zones: Zones, zones_dir: Path, today: date) -> list[Problem]:
    """Find rules that have expired, and those in ``rules.yaml`` whose zone isn't there."""
    problems = []
    for row, rule in zones.rules:
        if rule.valid_until is not None and rule.valid_until < today:
            text = (
                f"its rule {rule.text} held until {rule.valid_until}: what came later isn't judged"
            )
            hint = "is there a newer one? Keep the old one, which counts for the past"
            problems.append(Problem("warning", f"zone {zones.id_of(row)}", text, hint))
    known = set(zones.frame["zone_id"])
    for zone_id in reference.load_rules(zones_dir):
        if zone_id not in known:
            text = f"there is no zone {zone_id[:60]!r}, so that its rules count nowhere"
            hint = "mend its name; of other waters than these it can stay"
            problems.append(Problem("warning", reference.RULES_FILE, text, hint))
    return problems


def check_rule_files(zones_dir: Path) -> list[Problem]:
    """Check ``rules.yaml``, and each watch area by itself."""
    problems = attempt(reference.RULES_FILE, partial(reference.load_rules, zones_dir))
    files = attempt("watch areas", partial(reference.area_files, zones_dir))
    if not files:
        for path in reference.area_files(zones_dir):
            problems += attempt(path.name, partial(reference.read_area, path))
    return problems + files
