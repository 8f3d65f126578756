"""Runs the scheduled flow when Prefect's server says that it is time: what is run is settled here.

A worker of Prefect's does what a run or its deployment asks for: a command, an environment, code
from elsewhere. This one asks the server for one thing only, which run of its deployment is due; the
flow, its home and its feeds are those that the service was started with, whatever the server's
records say.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound, PrefectException, PrefectSignal
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Crashed, Pending

from pipelines.base.settings import Installation
from pipelines.flows.scheduled import feeds_text, scheduled

NAME: Final = "nightly"
"""Of the deployment."""

POLL_S: Final = 5.0

_GOING_ON: Final = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)


def deploy(client: SyncPrefectClient, installation: Installation) -> UUID:
    """Make the deployment that runs are scheduled of, or change it to what it is to be; its id.

    It names no pool, so that no worker takes its runs.
    """
    schedule = installation.settings.schedule
    cron = CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    return client.create_deployment(
        flow_id=client.create_flow(scheduled),
        name=NAME,
        description="Ingests what is new, detects, assesses, exports; missed nights first, in "
        "order. selat serve runs it, as it was started: parameters and job variables do nothing.",
        schedules=[DeploymentScheduleCreate(schedule=cron, active=True)],
        enforce_parameter_schema=False,
        pull_steps=[],  # an earlier version's, which would be shown and not done
    )


def remove_pool(client: SyncPrefectClient, name: str) -> None:
    """Remove a pool of workers, which earlier versions had, and with it what was given to it."""
    try:
        client.delete_work_pool(name)
    except ObjectNotFound:
        return


def end_what_was_cut_off(client: SyncPrefectClient, deployment: UUID | None) -> None:
    """Mark runs as crashed that were going on when the service died.

    `deployment`: only its runs; None on a server of our own, where nobody else runs anything.
    """
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_GOING_ON))),
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]) if deployment else None,
    )
    for run in client.read_flow_runs(flow_run_filter=wanted):
        client.set_flow_run_state(run.id, Crashed(message="the service ended"), force=True)


def run_next(
    client: SyncPrefectClient, deployment: UUID, installation: Installation, feeds: Sequence[str]
) -> bool:
    """Run what has been due for longest, if anything is; whether anything was."""
    due = client.get_scheduled_flow_runs_for_deployments(
        [deployment], scheduled_before=datetime.now(UTC)
    )
    due.sort(key=lambda run: run.next_scheduled_start_time or datetime.now(UTC))
    for found in due:
        if client.set_flow_run_state(found.id, Pending()).status == SetStateStatus.ACCEPT:
            _run(client, client.read_flow_run(found.id), installation, feeds)
            return True
    return False


def run_forever(
    client: SyncPrefectClient, deployment: UUID, installation: Installation, feeds: Sequence[str]
) -> None:
    """Run what is due, one run at a time; what fails is in the run's state and in the home."""
    while True:
        try:
            if run_next(client, deployment, installation, feeds):
                continue
            deployment = _kept(client, deployment, installation)
        except (httpx.HTTPError, PrefectException) as error:  # a record may be deleted meanwhile
            sys.stderr.write(f"Prefect's server: {error or type(error).__name__}\n")
        time.sleep(POLL_S)


def _kept(client: SyncPrefectClient, deployment: UUID, installation: Installation) -> UUID:
    """Return the deployment; one that was deleted, or lost its schedule, is made again."""
    try:
        found = client.read_deployment(deployment)
        if not found.paused and any(one.active for one in found.schedules):
            return deployment
    except ObjectNotFound:
        pass
    sys.stderr.write("the schedule was deleted or paused in Prefect's pages: it is made again\n")
    made = deploy(client, installation)
    client.resume_deployment(made)
    return made


def _run(
    client: SyncPrefectClient, run: FlowRun, installation: Installation, feeds: Sequence[str]
) -> None:
    ours = {
        "home": str(installation.home),
        "config": str(installation.config),
        "feeds": feeds_text(feeds),
    }
    try:
        # Not its result: what a record says of where that lies is nothing to be trusted.
        run_flow(scheduled, flow_run=run, parameters=ours, return_type="state")
    except (Exception, PrefectSignal) as error:
        with suppress(PrefectException):
            client.set_flow_run_state(run.id, Crashed(message=str(error)), force=True)
    state = client.read_flow_run(run.id).state
    if state is not None and state.is_cancelling():
        client.set_flow_run_state(run.id, Cancelled(), force=True)
