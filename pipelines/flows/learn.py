"""Learning from past traffic: Prefect flows that read as their lists of steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from shapely import Geometry

from detectors.core.errors import SelatError
from detectors.surroundings.normal import Normal
from detectors.surroundings.zones import Zones
from pipelines.assess.silenced import silenced
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.learn import gather, parameters, places
from pipelines.learn import normal as normal_traffic
from pipelines.learn.parameters import NormalParameters, PlacesParameters
from pipelines.publish.review import page as review_map
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot
from pipelines.reference import models
from pipelines.reference.place import Place, Refused
from pipelines.run.past import LearnRequest, Past, iso, opened


@dataclass(frozen=True)
class Learned:
    """What learning places left behind.

    Attributes
    ----------
    snapshot
        The snapshot of places.
    map
        The page that shows them.
    """

    snapshot: snapshot.Snapshot
    map: Path


@task(name="read past traffic", cache_policy=NO_CACHE, persist_result=False)
def read_traffic(
    past: Past, parameters: PlacesParameters, progress: Callable[[int, int], None]
) -> gather.Traffic:
    """See `gather.read`."""
    return gather.read(past.store, past.start, past.end, parameters, progress)


@task(name="find places", cache_policy=NO_CACHE, persist_result=False)
def find_places(
    traffic: gather.Traffic,
    zones: Zones,
    parameters: PlacesParameters,
    say: Callable[[str], None],
    lanes_in_use: Sequence[Geometry],
) -> tuple[list[Place], list[Refused]]:
    """See `places.learn`."""
    return places.learn(traffic, zones, parameters, say, lanes_in_use)


@task(name="read ticks", cache_policy=NO_CACHE, persist_result=False)
def read_ticks(
    past: Past, parameters: NormalParameters, progress: Callable[[int, int], None]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """See `normal.samples`."""
    return normal_traffic.samples(past.store, past.start, past.end, parameters, progress)


@task(name="fit normal traffic", cache_policy=NO_CACHE, persist_result=False)
def fit_normal(
    table: pd.DataFrame, parameters: NormalParameters, progress: Callable[[int, int], None]
) -> Normal:
    """See `normal_fit.fit`."""
    return normal_traffic.fit(table, parameters, progress)


@flow(name="learn places", validate_parameters=False, persist_result=False)
def learn_places(home: str, config: str, request: LearnRequest, quiet: bool = False) -> Learned:
    """Learn places from a span of past traffic, and draw them for review.

    Raises
    ------
    NoDataError
        If the store holds no report in the span.
    """
    installation = load(Path(home), Path(config))
    asked = parameters.places(installation.config, **request.changes)
    # What was learned before is no witness for what is learned now, but lanes in use stay free.
    in_use = reference.learned_places(installation.learned)
    lanes_in_use = in_use.geometry[in_use["zone_class"] == "lane"].tolist()
    zones = reference.load_zones(installation.config / "zones", installation.reference)
    with reporter(quiet=quiet) as report, opened(installation, request, report) as past:
        with report.bar("Reading past traffic", None) as bar:
            traffic = read_traffic(past, asked, bar.to)
        with report.bar("Learning", None) as bar:
            found, refused = find_places(traffic, zones, asked, bar.say, lanes_in_use)
        facts = {
            "since": iso(past.start),
            "until": iso(past.end),
            "reports": traffic.reports,
            "vessels": traffic.vessels,
            "simulated": bool(past.store.simulated),
            "parameters": asked.model_dump(mode="json"),
        }
        gazetteer = reference.load_gazetteer(installation.reference)
        written = snapshot.write(installation.learned, found, facts, past.end, gazetteer, refused)
        decided = snapshot.decisions(installation.learned)
        undecided = [f for f in written.features if f["properties"]["zone_id"] not in decided]
        nights = silenced(past.store, undecided)
    return Learned(written, review_map.write(installation.learned, written, zones, nights))


@flow(name="learn normal traffic", validate_parameters=False, persist_result=False)
def learn_normal(home: str, config: str, request: LearnRequest, quiet: bool = False) -> Path:
    """Fit the model of normal traffic to a span of past traffic; return the path of its card.

    Raises
    ------
    NoDataError
        If the store holds no report in the span.
    """
    installation = load(Path(home), Path(config))
    asked = parameters.normal(installation.config, **request.changes)
    with reporter(quiet=quiet) as report, opened(installation, request, report) as past:
        with report.bar("Reading past traffic", None) as bar:
            table, counts = read_ticks(past, asked, bar.to)
        if table.empty:
            raise SelatError("no vessel was under way in that span", hint="name a longer one")
        with report.bar("Fitting", None) as bar:
            model = fit_normal(table, asked, bar.to)
        simulated = bool(past.store.simulated)
        card = normal_traffic.card(model, counts, past.start, past.end, asked, simulated)
    return models.write(installation.learned, model, card, past.end)
