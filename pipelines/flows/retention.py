"""Prefect's own records in a home that no server looks after: old ones are removed.

A service's server cleans its database by itself; `environment.of_server` says for how long it keeps
what. The one that a single run has for itself removes old events, and nothing else.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)

_AT_ONCE: Final = 100


def tidy(retention_days: float) -> None:
    """Remove what is too old now; the run is published, so a failure is said and no more."""
    try:
        forget_old_runs(retention_days, datetime.now(UTC))
    except Exception as error:
        sys.stderr.write(f"Prefect's old runs stay: {error}\n")


def forget_old_runs(retention_days: float, now: datetime) -> int:
    """Remove runs older than that, with their tasks and artifacts; returns how many there were.

    Those that were killed too, which Prefect takes to be going on.
    """
    before = FlowRunFilterExpectedStartTime(before_=now - timedelta(days=retention_days))
    old = FlowRunFilter(expected_start_time=before)
    forgotten = 0
    with get_client(sync_client=True) as client:
        while runs := client.read_flow_runs(flow_run_filter=old, limit=_AT_ONCE):
            ids = [run.id for run in runs]
            of_them = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=ids))
            while artifacts := client.read_artifacts(artifact_filter=of_them, limit=_AT_ONCE):
                for artifact in artifacts:
                    client.delete_artifact(artifact.id)
            for run in ids:
                client.delete_flow_run(run)
            forgotten += len(ids)
    return forgotten
