"""A backtest over the store: events and flags as they are, and with another rule or area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core import events
from detectors.core.detector import Detector
from detectors.core.errors import ConfigError
from detectors.surroundings.zones import ZONE_CLASSES, Zones
from pipelines.assess import watchlists
from pipelines.assess.dispositions import newest
from pipelines.assess.ranking import Assessment, assess
from pipelines.assess.scoring import MIN_PART_SCORE
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.detect.compare import readers_of
from pipelines.detect.heard import Heard
from pipelines.detect.window import Detection
from pipelines.reference import layers as reference
from pipelines.reference.layers.areas import FOLDER
from pipelines.run.backtest import Backtest, backtest, build_pair, concerned
from pipelines.run.changes import changes_of
from pipelines.run.runs import HISTORY
from pipelines.run.setup import build_detectors, load_models, load_zones
from pipelines.run.windows import Window, choose_window
from pipelines.store import Queries, read

AREA_RULES: Final = ("geofence", "watch_area")
"""Detectors that read watch areas."""


@dataclass(frozen=True)
class Outcome:
    """What other thresholds would change."""

    result: Backtest
    """Both looks, and their events compared."""
    window: Window
    """The span."""
    reasons: dict[str, str]
    """The sentence of each event by id."""
    flagged_before: pd.DataFrame
    flagged_after: pd.DataFrame
    """`schemas.FLAGGED` of the span, with the other detectors' events as the store has them."""
    vessel_hours: int
    """Hours of the clock in which a vessel was heard, summed over vessels."""
    min_score: float
    """From where on an event or a vessel is a lead."""
    dispositions: pd.DataFrame
    """What had been concluded (`dispositions.DISPOSITIONS`, the newest of each event) of the events
    that would change or go, with their `status`."""

    def counts(self) -> dict[str, dict[str, Any]]:
        """Events, leads, vessels and leads per 1,000 vessel-hours, before and after."""
        sides = {"before": self.result.before, "after": self.result.after}
        return {side: self._counts(look.events) for side, look in sides.items()}

    def _counts(self, found: pd.DataFrame) -> dict[str, Any]:
        leads = found[found["score"] >= self.min_score]
        vessels = set(leads["mmsi"]) | set(leads["other_mmsi"])
        hours = max(self.vessel_hours, 1)
        return {
            "events": len(found),
            "leads": len(leads),
            "vessels": len(vessels - {0}),
            "leads_per_1000_vessel_hours": round(1000 * len(leads) / hours, 2),
        }

    def flags_changed(self) -> tuple[list[int], list[int]]:
        """MMSIs that would join the list of flagged vessels, and that would leave it."""
        before, after = set(self.flagged_before["mmsi"]), set(self.flagged_after["mmsi"])
        return sorted(after - before), sorted(before - after)


@dataclass(frozen=True)
class Trial:
    """What is tried: rules by name, the detectors and the zones of the two looks."""

    names: tuple[str, ...]
    pair: tuple[Sequence[Detector], Sequence[Detector]]
    zones: tuple[Zones, Zones]


def trial_of_thresholds(installation: Installation, name: str, settings: Sequence[str]) -> Trial:
    """Return the trial of a detector's parameters set otherwise.

    Raises ConfigError if there is no such detector or parameter.
    """
    pair = build_pair(installation.detectors, name, settings)
    zones = load_zones(installation)
    return Trial((name,), pair, (zones, zones))


def trial_of_area(installation: Installation, path: Path) -> Trial:
    """Return the trial of a watch area, before it is among the zones or while it is.

    Raises ConfigError if the file is no watch area, or the detectors that read it aren't enabled.
    """
    return trial_of_zone(installation, reference.read_area(path))


def trial_of_zone(installation: Installation, zone: Mapping[str, Any]) -> Trial:
    """Return the trial of a zone as it would be, whether it is among the zones or not.

    One that detectors know by its class, such as `anchorage`, or that asks something of vessels or
    stands in a GeoJSON file, is for every one of them to heed, and is held against the zones as
    they are, itself as it was among them.

    Raises ConfigError if the detectors that read it aren't enabled.
    """
    now = load_zones(installation)
    without, zones = reference.with_zone(now, zone, installation.config / "zones")
    built = build_detectors(installation)
    ours = zone["file"].startswith(f"{FOLDER}/")
    said = not ours or zone["zone_class"] in ZONE_CLASSES or bool(zone["rules"])
    names = tuple(d.name for d in built if said or d.name in AREA_RULES)
    if not names:
        raise ConfigError(f"none of {', '.join(AREA_RULES)} is enabled in detectors.yaml")
    wanted = concerned(built, *names)
    detectors = [d for d in built if d.name in wanted]
    return Trial(names, (detectors, detectors), (now if said else without, zones))


def run_backtest(
    installation: Installation,
    trial: Trial,
    date: str | None,
    since: str | None,
    until: str | None,
    report: Reporter,
) -> Outcome:
    """Look twice at a span of the store, as it is and as it would be; writes nothing.

    Raises SelatError if there is no store, or nothing in the span.
    """
    with (
        read(installation.store, installation.settings.store) as store,
        report.bar(f"Backtest of {', '.join(trial.names)}", None) as bar,
    ):
        window = choose_window(store, date=date, since=since, until=until)
        result = backtest(
            store,
            trial.pair,
            *trial.names,
            window=window,
            zones=trial.zones,
            reach_back=timedelta(days=installation.settings.detection.reach_back_days),
            models=load_models(installation),
            memory_gb=installation.settings.detection.memory_gb,
            progress=bar.say,
        )
        concluded = newest(store.dispositions())
        rules = readers_of(trial.pair[1], *trial.names)
        looks = [
            _assessed(store, installation, look, window, rules)
            for look in (result.before, result.after)
        ]
    reasons = {
        key: text
        for look in looks
        for key, text in zip(look.events["event_id"], look.events["reason"], strict=True)
    }
    heard = Heard.of(result.after.heard)
    return Outcome(
        result,
        window,
        reasons,
        looks[0].flagged,
        looks[1].flagged,
        heard.vessel_hours,
        installation.settings.assess.min_score,
        _touched(concluded, result.compared),
    )


def _assessed(
    store: Queries, installation: Installation, look: Detection, window: Window, rule: set[str]
) -> Assessment:
    """Return the flags of a look, with the events of all other detectors as the store has them."""
    stored = store.events_touching(window.start, window.end)
    others = stored.loc[~stored["detector"].isin(sorted(rule)), list(events.EVENTS)]
    past = store.events_counted(window.start - HISTORY, window.start, MIN_PART_SCORE)
    # What ended while its detector settles is of the look as well.
    now = {*stored["event_id"], *look.events["event_id"]}
    return assess(
        replace(look, events=events.concat([look.events, others])),
        reference.load_gazetteer(installation.reference),
        installation.settings.assess,
        past=past[list(events.EVENTS)],
        # As of a night (`runs.judge`): a change of this span tells of a silence, and hides none.
        changes=changes_of(store, past, now),
        watchlists=watchlists.load(installation.watchlists),
        dispositions=store.dispositions(),
        heirs=store.heirs(),
        in_full=store.events_by_id,
    )


def _touched(concluded: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """Conclusions on events that would change or go."""
    different = compared.loc[compared["status"] != "same", ["event_id", "status"]]
    return concluded.merge(different, on="event_id")
