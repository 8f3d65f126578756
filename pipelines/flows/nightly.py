"""The nightly run: a Prefect flow that reads as its list of steps.

Every task is a thin wrapper over a plain function of `feeds` or `runs`. Reading a feed is tried
again when the file system fails (a network share that comes and goes); nothing else is, since the
rest is a pure function of what has been read and would fail the same way again.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task, exponential_backoff

from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, load
from pipelines.base.visible import clean
from pipelines.detect.days import DaysReport
from pipelines.detect.window import Detection
from pipelines.run import feeds as feed_steps
from pipelines.run import runs
from pipelines.run.sightings import import_sightings
from pipelines.run.windows import choose_window
from pipelines.store import write


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
def ingest_feed(*arguments: Any) -> dict[str, Any] | None:
    """See `feeds.ingest_feed`."""
    return feed_steps.ingest_feed(*arguments)


@task(name="tracks and coverage", cache_policy=NO_CACHE, persist_result=False)
def work_out_days(*arguments: Any) -> DaysReport:
    """See `runs.work_out_days`."""
    return runs.work_out_days(*arguments)


@task(name="detect", cache_policy=NO_CACHE, persist_result=False)
def run_detectors(*arguments: Any) -> Detection:
    """See `runs.run_detectors`."""
    return runs.run_detectors(*arguments)


@task(name="assess, export, record", cache_policy=NO_CACHE, persist_result=False)
def finish_run(*arguments: Any) -> runs.Finished:
    """See `runs.finish_run`."""
    return runs.finish_run(*arguments)


@flow(name="nightly", validate_parameters=False, persist_result=False)
def nightly(
    home: str,
    config: str,
    feeds: Sequence[str] = (),
    area: str | None = None,
    mapping: str | None = None,
    assume_time: str | None = None,
    date: str | None = None,
    since: str | None = None,
    until: str | None = None,
    quiet: bool = False,
    sightings: Sequence[str] = (),
) -> runs.Finished:
    """Ingest what is new, detect over the window, assess, export.

    `sightings` are files of what others saw, beside the feeds.

    Raises
    ------
    PartialRunError
        After everything else has finished and been published, if a feed or a detector failed.
    """
    installation = load(Path(home), Path(config))
    try:
        return _nightly(
            installation, feeds, area, mapping, assume_time, date, since, until, quiet, sightings
        )
    except runs.PartialRunError:
        raise  # its results are there, and they say what failed
    except Exception as error:
        note_failure(installation, error)
        raise


def _nightly(
    installation: Installation,
    feeds: Sequence[str],
    area: str | None,
    mapping: str | None,
    assume_time: str | None,
    date: str | None,
    since: str | None,
    until: str | None,
    quiet: bool,
    sightings: Sequence[str],
) -> runs.Finished:
    with (
        reporter(quiet=quiet) as report,
        write(installation.store, installation.settings.store) as store,
    ):
        zones = runs.load_zones(installation)
        tries = installation.settings.ingest
        ingested = feed_steps.ingest_all(
            store,
            installation,
            zones,
            report,
            feeds,
            area,
            mapping,
            assume_time,
            ingest_feed.with_options(
                retries=tries.retries, retry_delay_seconds=exponential_backoff(tries.retry_s)
            ),
        )
        seen = import_sightings(store, installation, report, sightings)
        work_out_days(store, report)
        window = choose_window(store, date=date, since=since, until=until)
        detection = run_detectors(store, installation, window, zones, report)
        unread = {**ingested.failed, **seen.failed}
        finished = finish_run(store, installation, window, detection, unread, zones)
    installation.failure.unlink(missing_ok=True)
    try:
        publish_artifacts(finished)
    except Exception as error:  # the run is published; Prefect's pages are a convenience
        sys.stderr.write(f"no Prefect artifacts: {error}\n")
    if quiet:
        sys.stderr.write(f"run {finished.run_id}: {finished.state}\n")
    runs.raise_if_partial(finished)
    return finished


def note_failure(installation: Installation, error: Exception) -> None:
    """Say on stderr and in the home that a run failed, for whoever looks in the morning."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{now}: the nightly run failed: {clean(str(error) or type(error).__name__)}\n"
    sys.stderr.write(text)
    with suppress(OSError):
        installation.failure.write_text(text, encoding="utf-8")


def publish_artifacts(finished: runs.Finished) -> None:
    """The flags as a table and a summary in Markdown, in Prefect's own pages."""
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
