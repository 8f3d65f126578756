"""Scenarios made of one try: when it happens is drawn once, and it is tried until it fits."""

from collections.abc import Callable
from functools import wraps
from typing import Final

from pipelines.exercise.stage import Span, Stage

Scenario = Callable[[Stage], bool]
"""Puts one thing on the stage; returns whether it fitted into the exercise."""
TRIES: Final = 60


def tried(tries: int = TRIES) -> Callable[[Scenario], Scenario]:
    """Make a scenario of a try, which may fail."""

    def of(once: Scenario) -> Scenario:
        @wraps(once)
        def scenario(stage: Stage) -> bool:
            return any(once(stage) for _ in range(tries))

        return scenario

    return of


def within(
    shortest_h: float, longest_h: float, tries: int = TRIES
) -> Callable[[Callable[[Stage, Span], bool]], Scenario]:
    """Make a scenario of a try in a span, drawn by `Stage.span`."""

    def of(once: Callable[[Stage, Span], bool]) -> Scenario:
        @wraps(once)
        def scenario(stage: Stage) -> bool:
            span = stage.span(shortest_h, longest_h)
            return span is not None and any(once(stage, span) for _ in range(tries))

        return scenario

    return of
