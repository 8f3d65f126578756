"""Functions of the rooms below as Prefect's tasks."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task

P = ParamSpec("P")
R = TypeVar("R")


def step(function: Callable[P, R], name: str) -> Task[P, R]:
    """Return a task of that name, nothing of which is kept: it is asked once for one run."""
    return Task(function, name=name, cache_policy=NO_CACHE, persist_result=False)
