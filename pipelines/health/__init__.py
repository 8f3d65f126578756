"""How an installation is: last run, feeds, coverage, store, disk; for people and machines."""

from pipelines.health.gather import gather
from pipelines.health.model import Health
from pipelines.health.problems import problems
from pipelines.health.prometheus import as_prometheus
from pipelines.health.screen import show

__all__ = ["Health", "as_prometheus", "gather", "problems", "show"]
