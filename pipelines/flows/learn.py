"""Learning from past traffic: Prefect flows that read as their lists of steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from detectors.core.errors import SelatError
from detectors.surroundings.normal import Normal
from pipelines.base.progress import Reporter, reporter
from pipelines.base.settings import REFERENCE, Installation, load
from pipelines.learn import gather, parameters, places
from pipelines.learn import normal as normal_traffic
from pipelines.publish.review import page as review_map
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot
from pipelines.reference import models
from pipelines.reference.place import Place
from pipelines.run import runs
from pipelines.run.windows import FOREVER, NoDataError, asked_for
from pipelines.store import Queries, exists, write


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
def read_traffic(*arguments: Any) -> gather.Traffic:
    """See `gather.read`."""
    return gather.read(*arguments)


@task(name="find places", cache_policy=NO_CACHE, persist_result=False)
def find_places(*arguments: Any) -> list[Place]:
    """See `places.learn`."""
    return places.learn(*arguments)


@task(name="read ticks", cache_policy=NO_CACHE, persist_result=False)
def read_ticks(*arguments: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """See `normal.samples`."""
    return normal_traffic.samples(*arguments)


@task(name="fit normal traffic", cache_policy=NO_CACHE, persist_result=False)
def fit_normal(*arguments: Any) -> Normal:
    """See `normal_fit.fit`."""
    return normal_traffic.fit(*arguments)


@flow(name="learn places", validate_parameters=False, persist_result=False)
def learn_places(
    home: str,
    config: str,
    since: str | None = None,
    until: str | None = None,
    changes: dict[str, Any] | None = None,
    quiet: bool = False,
) -> Learned:
    """Learn places from a span of past traffic, and draw them for review.

    Raises
    ------
    NoDataError
        If the store holds no report in the span.
    """
    installation = load(Path(home), Path(config))
    asked = parameters.places(installation.config, **(changes or {}))
    # What was learned before is no witness for what is learned now.
    zones = reference.load_zones(installation.config / "zones", REFERENCE)
    with reporter(quiet=quiet) as report, _past(installation, report, since, until) as past:
        store, begin, end = past
        with report.bar("Reading past traffic", None) as bar:
            traffic = read_traffic(store, begin, end, asked, bar.to)
        with report.bar("Learning", None) as bar:
            found = find_places(traffic, zones, asked, bar.say)
        facts = {
            "since": _iso(begin),
            "until": _iso(end),
            "reports": traffic.reports,
            "vessels": traffic.vessels,
            "simulated": bool(store.simulated),
            "parameters": asked.model_dump(mode="json"),
        }
    gazetteer = reference.load_gazetteer(REFERENCE)
    written = snapshot.write(installation.learned, found, facts, end, gazetteer)
    return Learned(written, review_map.write(installation.learned, written, zones))


@flow(name="learn normal traffic", validate_parameters=False, persist_result=False)
def learn_normal(
    home: str,
    config: str,
    since: str | None = None,
    until: str | None = None,
    changes: dict[str, Any] | None = None,
    quiet: bool = False,
) -> Path:
    """Fit the model of normal traffic to a span of past traffic; return the path of its card.

    Raises
    ------
    NoDataError
        If the store holds no report in the span.
    """
    installation = load(Path(home), Path(config))
    asked = parameters.normal(installation.config, **(changes or {}))
    with reporter(quiet=quiet) as report, _past(installation, report, since, until) as past:
        store, begin, end = past
        with report.bar("Reading past traffic", None) as bar:
            table, counts = read_ticks(store, begin, end, asked, bar.to)
        if table.empty:
            raise SelatError("no vessel was under way in that span", hint="name a longer one")
        with report.bar("Fitting", None) as bar:
            model = fit_normal(table, asked, bar.to)
        card = normal_traffic.card(model, counts, begin, end, asked, bool(store.simulated))
    return models.write(installation.learned, model, card, end)


@contextmanager
def _past(
    installation: Installation, report: Reporter, since: str | None, until: str | None
) -> Iterator[tuple[Queries, pd.Timestamp, pd.Timestamp]]:
    """The store with its tracks worked out, and the span to learn from."""
    if not exists(installation.store, installation.settings.store):
        raise NoDataError(f"no store in {installation.store}", hint="selat ingest FEED")
    with write(installation.store, installation.settings.store) as store:
        runs.work_out_days(store, report)
        begin, end = _span(store, since, until)
        yield store, begin, end


def _span(
    store: Queries, since: str | None, until: str | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """From `since` to `until`, else as far as the store reaches."""
    newest = store.last_heard(FOREVER)
    oldest = store.ledger()["first_time"].min()
    if newest is None or pd.isna(oldest):
        raise NoDataError("the store holds no position reports", hint="selat ingest FEED")
    if since or until:
        asked_since, asked_until = asked_for(None, since, until)
        begin, end = max(asked_since, oldest), min(asked_until, newest)
    else:
        begin, end = oldest, newest
    if begin >= end:
        raise NoDataError(
            "the store holds no position reports in that span",
            hint=f"it reaches from {_iso(oldest)} to {_iso(newest)}",
        )
    return begin, end


def _iso(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
