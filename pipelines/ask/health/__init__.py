"""How an installation is: last run, feeds, coverage, store, disk; for people and machines."""

from pipelines.ask.health.gather import gather
from pipelines.ask.health.model import Health
from pipelines.ask.health.problems import LACKS, problems
from pipelines.ask.health.screen import (
    FEED_COLUMNS,
    SHADES,
    ages,
    facts,
    feed_rows,
    feed_times,
    show,
    told,
)

__all__ = [
    "FEED_COLUMNS",
    "LACKS",
    "SHADES",
    "Health",
    "ages",
    "facts",
    "feed_rows",
    "feed_times",
    "gather",
    "problems",
    "show",
    "told",
]
