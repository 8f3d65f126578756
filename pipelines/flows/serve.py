"""The schedule: the nightly flow, served by this process."""

from collections.abc import Sequence

from prefect.schedules import Cron

from pipelines.flows.nightly import nightly
from pipelines.settings import Installation


def serve(installation: Installation, feeds: Sequence[str]) -> None:
    """Register the schedule and run it until stopped; one run at a time."""
    schedule = installation.settings.schedule
    nightly.serve(
        name="nightly",
        schedule=Cron(schedule.cron, timezone=schedule.timezone),
        parameters={
            "home": str(installation.home),
            "config": str(installation.config),
            "feeds": list(feeds),
            "quiet": True,
        },
        limit=1,
    )
