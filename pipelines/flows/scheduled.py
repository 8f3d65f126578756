"""What the schedule runs: every night that is due, in order, each as if it had not been late.

After a downtime the nights that were missed come first, each over its own span, from where the run
before ended to when it was due; then the one that is due now, over all that is new. So the runs are
those that there would have been. Prefect may have several late runs waiting then: the first does
all, the others find that nothing is due and end.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from pipelines.base.schedule import Served, believed, due_between, read_served, write_served
from pipelines.base.settings import Installation, load
from pipelines.flows.night import run_night
from pipelines.run.runs import PartialRunError
from pipelines.run.windows import NoDataError
from pipelines.store import claimed, exists, read


def feeds_text(feeds: Sequence[str]) -> str:
    """Write feeds as `scheduled` takes them."""
    return json.dumps(from_anywhere(feeds))


def from_anywhere(feeds: Sequence[str]) -> list[str]:
    """Return feeds as another process finds them, whatever folder it runs in."""
    return [
        feed if feed == "-" else os.path.abspath(os.path.expanduser(feed))  # noqa: PTH100, PTH111 (may be a glob)
        for feed in feeds
    ]


@task(
    name="wait for the store",
    cache_policy=NO_CACHE,
    persist_result=False,
    retry_jitter_factor=1.0,  # so that two that wait don't meet again
)
def wait_for_the_store(installation: Installation) -> None:
    """Wait until nobody else writes to the store: a compaction, a day of `selat redetect`."""
    if exists(installation.store, installation.settings.store):
        with claimed(installation.store, installation.settings.store):
            pass


@flow(name="scheduled", validate_parameters=False, persist_result=False)
def scheduled(home: str, config: str, feeds: str = "[]") -> list[str]:
    """Run what is due; returns the ids of the runs made.

    `feeds` is a JSON list.

    Raises PartialRunError after all nights have been run, if one of them was partial.
    """
    installation = load(Path(home), Path(config))
    wanted = runtime.flow_run.scheduled_start_time
    return run_due(installation, json.loads(feeds), wanted or datetime.now(UTC), datetime.now(UTC))


def run_due(
    installation: Installation, feeds: Sequence[str], wanted: datetime, now: datetime
) -> list[str]:
    """See `scheduled`.

    Parameters
    ----------
    wanted
        When this run was to start; nothing is done if the schedule has done that already.
    now
        Up to when nights are due.
    """
    schedule = installation.settings.schedule
    wait_for_the_store.with_options(
        retries=schedule.wait_retries, retry_delay_seconds=exponential_backoff(schedule.wait_s)
    )(installation)
    served = read_served(installation.service) or Served(now, None)
    served = believed(served, schedule.cron, schedule.timezone, now)
    if served.done is not None and served.done >= wanted:
        sys.stderr.write("nothing is due: a run that was late has done it\n")
        return []
    due = due_between(schedule.cron, schedule.timezone, served.done or now, now)
    made, partial = [], list[PartialRunError]()
    for night in [*due[:-1], None]:
        if night is not None and night > datetime.now(UTC):
            continue  # a clock that was years ahead was put right meanwhile
        span = {} if night is None else _span(installation, night)
        try:
            made.append(run_night(installation, feeds, span.get("since"), span.get("until")))
        except PartialRunError as error:
            partial.append(error)
        except NoDataError as error:
            if night is None:
                raise
            sys.stderr.write(f"the night until {night:%Y-%m-%d %H:%M}Z: {error}\n")
        done = night or (due[-1] if due else max(wanted, served.done or wanted))
        served = replace(served, done=done)
        write_served(installation.service, served)
    if partial:
        raise partial[-1]
    return made


def _span(installation: Installation, night: datetime) -> dict[str, str]:
    """Return the window of a missed night: from where any night has looked to, until it was due."""
    looked_at = None
    if exists(installation.store, installation.settings.store):
        with read(installation.store, installation.settings.store) as store:
            looked_at = store.last_looked_at(looks=False)
    since = {} if looked_at is None else {"since": looked_at.isoformat()}
    return {**since, "until": night.isoformat()}
