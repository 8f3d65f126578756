"""What a rule would have raised with other thresholds, before it is enabled."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import pandas as pd

import detectors as catalogue
from detectors.core.detector import Detector
from detectors.core.errors import ConfigError
from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.surroundings.zones import Zones
from pipelines.base.assignments import assignment
from pipelines.detect.compare import readers_of
from pipelines.detect.memory import MEMORY_GB
from pipelines.detect.window import Detection, before_window, detect
from pipelines.run.runs import within
from pipelines.run.windows import Window
from pipelines.store import Queries

UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "_h": ("_s", 3600.0),
    "_min": ("_s", 60.0),
    "_d": ("_s", 86_400.0),
    "_nm": ("_m", METRES_PER_NM),
    "_km": ("_m", 1000.0),
}
"""Units that a threshold may be given in, beside the one in its name."""


@dataclass(frozen=True)
class Backtest:
    """Two looks at one span: with the rule as it is, and as it would be."""

    before: Detection
    after: Detection
    """What was found."""
    compared: pd.DataFrame
    """`events.EVENTS` with `status` (same, changed, new or gone), `score_before`, and `detector` of
    the rule and of those that read its events; new and changed events as they would be, gone ones
    as they are."""


def changed(block: Mapping[str, Any], name: str, settings: Sequence[str]) -> dict[str, Any]:
    """Return a detector's configuration block with some parameters set: ``min_duration_h=2``.

    Values are YAML; a threshold in another unit (`UNITS`) is converted to its own.

    Raises ConfigError if a setting can't be read, or the detector has no such parameter.
    """
    known = catalogue.find(name).model_fields
    result = {**block, "enabled": True}
    for setting in settings:
        key, value = assignment(setting)
        given = re.fullmatch(r"([\d.]+) *([a-z]+)", value) if isinstance(value, str) else None
        own, _ = UNITS.get(f"_{given[2]}", ("", 0)) if given else ("", 0)
        if given and own and key in known and key.endswith(own):
            better = f"{key.removesuffix(own)}_{given[2]}={given[1]}"
            raise ConfigError(
                f"--set {setting}: a unit stands in the name", hint=f"write --set {better}"
            )
        for unit, (own, factor) in UNITS.items():
            stem = key.removesuffix(unit)
            if key not in known and stem != key and stem + own in known:
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ConfigError(f"--set {setting}: {value} isn't a number")
                key, value = stem + own, value * factor
                value = int(value) if value == int(value) else value
        if key not in known:
            hint = f"it has {', '.join(sorted(known))}"
            raise ConfigError(f"{name} has no parameter {key}", hint=hint)
        result[key] = value
    return result


def build_pair(
    blocks: Mapping[str, Mapping[str, Any]], name: str, settings: Sequence[str]
) -> tuple[list[Detector], list[Detector]]:
    """Detectors as configured and as they would be: the rule and all that reads its events, with
    those that these read in turn. A rule that isn't enabled raises nothing as configured.

    Raises ConfigError if the rule doesn't exist, a value is out of its range, or all values are
    those that hold already: a table of nothing but "+0" reads as if the threshold didn't matter.
    """
    catalogue.find(name)
    other = {**blocks, name: changed(blocks.get(name, {}), name, settings)}
    now, then = catalogue.build(blocks), catalogue.build(other, "--set")
    if now == then and not settings:
        raise ConfigError(
            f"no threshold of {name} is named that would be another",
            hint=f"docs/reference/detectors.md has those of {name}, with what each is",
        )
    if now == then:
        raise ConfigError(
            f"{name} has {', '.join(settings)} already: nothing would differ",
            hint="config/detectors.yaml and docs/reference/detectors.md hold what is set",
        )
    wanted = concerned(then, name)
    return [d for d in now if d.name in wanted], [d for d in then if d.name in wanted]


def concerned(detectors: Sequence[Detector], *names: str) -> set[str]:
    """Return the rules' readers and everything that these read."""
    sources = readers_of(detectors, *names)
    while more := {s for d in detectors if d.name in sources for s in d.after} - sources:
        sources |= more
    return sources


def backtest(
    store: Queries,
    pair: tuple[Sequence[Detector], Sequence[Detector]],
    *names: str,
    window: Window,
    zones: tuple[Zones, Zones],
    reach_back: timedelta,
    models: Mapping[str, Any],
    memory_gb: float = MEMORY_GB,
    progress: Callable[[str], None] | None = None,
) -> Backtest:
    """Look at a span twice; the store is only read.

    Raises ConfigError if a detector fails.

    Parameters
    ----------
    pair
        From `build_pair`.
    names
        The rules.
    window
        The span: what began after it is none of its events, though later reports are looked at.
    zones
        Of each look.
    reach_back, models, memory_gb, progress
        As for `window.detect`.
    """
    looks = []
    for detectors, around in zip(pair, zones, strict=True):
        found = detect(
            store,
            detectors,
            start=window.start,
            end=window.now,
            until=window.end,
            zones=around,
            reach_back=reach_back,
            models=models,
            memory_gb=memory_gb,
            progress=progress,
        )
        if found.failures:
            what = "; ".join(f"{k}: {text}" for k, text in found.failures.items())
            raise ConfigError(f"the look at that span failed: {what}")
        found = within(found, window)
        own = found.events["detector"].isin(sorted(readers_of(pair[1], *names)))
        own &= ~before_window(found.events, detectors, window.start)
        looks.append(replace(found, events=found.events[own].reset_index(drop=True)))
    return Backtest(looks[0], looks[1], compare(looks[0].events, looks[1].events))


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Give each event of two looks its status; see `Backtest.compared`.

    An event is the same story where the id is the same, or else where detector, subkind, vessels
    and zone are and the spans overlap: another threshold can move the report that anchors it.
    """
    story = ["detector", "subkind", "mmsi", "other_mmsi", "zone_id"]
    old, new = before.reset_index(drop=True), after.reset_index(drop=True)
    columns = [*story, "start", "end", "event_id"]
    pairs = (
        new[columns]
        .reset_index()
        .merge(old[columns].reset_index(), on=story, suffixes=("", "_old"))
    )
    overlap = (pairs["end_old"].isna() | (pairs["start"] <= pairs["end_old"])) & (
        pairs["end"].isna() | (pairs["start_old"] <= pairs["end"])
    )
    alike = pairs["event_id"] == pairs["event_id_old"]
    pairs = pairs[alike | overlap].assign(alike=alike)
    pairs = pairs.sort_values(["alike", "start_old"], ascending=[False, True])
    pairs = pairs.drop_duplicates("index").drop_duplicates("index_old")
    new = new.assign(status="new", score_before=float("nan"))
    kept, were = pairs["index"].to_numpy(), pairs["index_old"].to_numpy()
    same = [
        _same(a, b)
        for a, b in zip(
            new.loc[kept].to_dict("records"), old.loc[were].to_dict("records"), strict=True
        )
    ]
    new.loc[kept, "status"] = ["same" if one else "changed" for one in same]
    new.loc[kept, "score_before"] = old.loc[were, "score"].to_numpy()
    gone = old[~old.index.isin(were)].assign(status="gone")
    gone["score_before"] = gone["score"]
    whole: pd.DataFrame = pd.concat([new, gone])
    return whole.sort_values(["start", "event_id"], ignore_index=True)


def _same(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Tell whether span and score are the same; evidence names the thresholds, so it differs."""
    ends = one["end"] == other["end"] or (pd.isna(one["end"]) and pd.isna(other["end"]))
    return bool(ends and one["start"] == other["start"] and one["score"] == other["score"])
