"""The nightly run: a Prefect flow that reads as its list of steps.

Every task is a thin wrapper over a plain function of `feeds` or `runs`. Reading a feed is tried
again when the file system fails (a network share that comes and goes); nothing else is, since the
rest is a pure function of what has been read and would fail the same way again.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task, exponential_backoff

from pipelines.base.progress import Reporter, reporter
from pipelines.base.settings import Installation, load
from pipelines.detect.days import DaysReport
from pipelines.detect.window import Detection
from pipelines.ingest import FeedFile, IngestOptions
from pipelines.run import feeds, runs
from pipelines.run.night import NightRequest, note_failure
from pipelines.run.setup import Setup
from pipelines.run.sightings import import_sightings
from pipelines.run.windows import Window, choose_window
from pipelines.store import Queries, Writer, write


def _is_file_system_error(_task: Task[..., Any], _run: Any, state: Any) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError)


@task(
    name="ingest feed",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_jitter_factor=0.5,
    retry_condition_fn=_is_file_system_error,
)
def ingest_feed(
    store: Writer, feed: FeedFile, options: IngestOptions, report: Reporter
) -> dict[str, Any] | None:
    """See `feeds.ingest_feed`."""
    return feeds.ingest_feed(store, feed, options, report)


@task(name="tracks and coverage", cache_policy=NO_CACHE, persist_result=False)
def work_out_days(store: Writer, installation: Installation, report: Reporter) -> DaysReport:
    """See `runs.work_out_days`."""
    return runs.work_out_days(store, installation, report)


@task(name="detect", cache_policy=NO_CACHE, persist_result=False)
def run_detectors(store: Queries, setup: Setup, window: Window, report: Reporter) -> Detection:
    """See `runs.run_detectors`."""
    return runs.run_detectors(store, setup, window, report)


@task(name="judge", cache_policy=NO_CACHE, persist_result=False)
def judge(store: Queries, setup: Setup, window: Window, detection: Detection) -> runs.Judged:
    """See `runs.judge`."""
    return runs.judge(store, setup, window, detection)


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(
    store: Queries, setup: Setup, judged: runs.Judged, unread: Mapping[str, str]
) -> runs.Published:
    """See `runs.publish`."""
    return runs.publish(store, setup, judged, unread)


@task(name="record", cache_policy=NO_CACHE, persist_result=False)
def record(
    store: Writer, installation: Installation, judged: runs.Judged, published: runs.Published
) -> runs.Finished:
    """See `runs.record`."""
    return runs.record(store, installation, judged, published)


@flow(name="nightly", validate_parameters=False, persist_result=False)
def nightly(home: str, config: str, request: NightRequest, quiet: bool = False) -> runs.Finished:
    """Ingest what is new, detect over the window, judge, publish, record.

    Raises
    ------
    PartialRunError
        After everything else has finished and been published, if a feed or a detector failed.
    """
    installation = load(Path(home), Path(config))
    try:
        return _nightly(installation, request, quiet=quiet)
    except runs.PartialRunError:
        raise  # its results are there, and they say what failed
    except Exception as error:
        note_failure(installation, error)
        raise


def _nightly(installation: Installation, request: NightRequest, *, quiet: bool) -> runs.Finished:
    with (
        reporter(quiet=quiet) as report,
        write(installation.store, installation.settings.store) as store,
    ):
        setup = Setup.load(installation)
        tries = installation.settings.ingest
        again = ingest_feed.with_options(
            retries=tries.retries, retry_delay_seconds=exponential_backoff(tries.retry_s)
        )
        ingested = feeds.ingest_all(
            store, installation, setup.zones, report, request.feeds, request.reading, again
        )
        seen = import_sightings(store, installation, report, request.sightings)
        work_out_days(store, installation, report)
        window = choose_window(store, date=request.date, since=request.since, until=request.until)
        detection = run_detectors(store, setup, window, report)
        judged = judge(store, setup, window, detection)
        published = publish(store, setup, judged, {**ingested.failed, **seen.failed})
        finished = record(store, installation, judged, published)
    installation.failure.unlink(missing_ok=True)
    try:
        publish_artifacts(finished)
    except Exception as error:  # the run is published; Prefect's pages are a convenience
        sys.stderr.write(f"no Prefect artifacts: {error}\n")
    if quiet:
        sys.stderr.write(f"run {finished.run_id}: {finished.state}\n")
    runs.raise_if_partial(finished)
    return finished


def publish_artifacts(finished: runs.Finished) -> None:
    """Write the flags as a table and a summary in Markdown, in Prefect's own pages."""
    columns = ["rank", "mmsi", "name", "flag_state", "score", "reasons"]
    top = finished.flagged.loc[:, columns].head(50).astype(str)
    create_table_artifact(
        key="flagged-vessels",
        table=[{str(k): v for k, v in row.items()} for row in top.to_dict("records")],
        description=f"Flagged vessels of run {finished.run_id}. Flags are leads, not findings.",
    )
    counts = finished.manifest["counts"]
    lines = [
        f"# Run {finished.run_id}: {finished.state}",
        f"Window {finished.manifest['window']['start']} to {finished.manifest['window']['end']}",
        f"- {counts['flagged']} vessels flagged of {counts['vessels_looked_at']} looked at",
        *(f"- {kind}: {n} events" for kind, n in counts["events"].items()),
        *(f"- **failed** {name}: {text}" for name, text in finished.failures.items()),
    ]
    create_markdown_artifact(key="nightly-summary", markdown="\n".join(lines))
