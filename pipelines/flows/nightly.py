"""The nightly run as a Prefect flow: its steps are those of `run.night`, each a task.

Nothing is tried again by Prefect: a feed whose file system fails is by its own step, with Prefect
and without, and the rest is a pure function of what has been read and would fail the same way.
"""

import sys
from pathlib import Path
from typing import Final

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipelines.base.settings import load
from pipelines.base.text import counted
from pipelines.flows.steps import step
from pipelines.run import feeds, runs
from pipelines.run.night import NightRequest, Steps, run_night

STEPS: Final = Steps(
    ingest_feed=step(feeds.ingest_feed, "ingest feed"),
    work_out_days=step(runs.work_out_days, "tracks and coverage"),
    run_detectors=step(runs.run_detectors, "detect"),
    judge=step(runs.judge, "judge"),
    publish=step(runs.publish, "publish"),
    record=step(runs.record, "record"),
)


@flow(name="nightly", validate_parameters=False, persist_result=False)
def nightly(home: str, config: str, request: NightRequest, quiet: bool = False) -> runs.Finished:
    """Ingest what is new, detect over the window, judge, publish, record.

    Raises PartialRunError after everything else has finished and been published, if a feed or a
    detector failed.
    """
    finished = run_night(load(Path(home), Path(config)), request, quiet=quiet, steps=STEPS)
    try:
        publish_artifacts(finished)
    except Exception as error:  # the run is published; Prefect's pages are a convenience
        sys.stderr.write(f"no Prefect artifacts: {error}\n")
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
        *(f"- {kind}: {counted(n, 'event')}" for kind, n in counts["events"].items()),
        *(f"- **failed** {name}: {text}" for name, text in finished.failures.items()),
    ]
    create_markdown_artifact(key="nightly-summary", markdown="\n".join(lines))
