"""What a run over detectors gives each to know."""

import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pandas as pd
import pytest

from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector, Undeclared
from detectors.core.errors import ConfigError
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones

NOW = pd.Timestamp("2026-01-05T16:00", tz="UTC")


class Silent(Detector):
    """Reads what vessels said, and doesn't say so."""

    name: ClassVar[str] = "silent"
    version: ClassVar[str] = "1"
    requires: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = "Own rule: for a test of what is said of statements"

    @property
    def lookback(self) -> timedelta:
        return timedelta(0)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        assert len(context.statements[context.statements["mmsi"] > 0]) >= 0
        return events.empty()


class Open(Silent):
    """The same, and says so."""

    name: ClassVar[str] = "open"
    reads_statements: ClassVar[bool] = True


def test_who_reads_statements_without_saying_so_fails_whoever_runs_beside_it() -> None:
    context = Context(NOW, NOW, Zones.none(), frames.empty(frames.VESSELS), Coverage.none())
    positions = frames.empty(frames.TRACKED)
    for beside in ([], [Open()]):
        told: dict[str, Exception] = {}
        found = run.run([*beside, Silent()], positions, context, failed=told.__setitem__)
        assert set(found) == {one.name for one in beside}
        assert isinstance(told["silent"], ConfigError)
        assert "reads_statements" in told["silent"].hint


@pytest.mark.parametrize("ask", [len, iter, bool, lambda it: it["mmsi"], lambda it: it.empty])
def test_what_wasnt_asked_for_refuses_every_question_also_in_another_process(
    ask: Callable[[Any], object],
) -> None:
    with pytest.raises(ConfigError):
        ask(pickle.loads(pickle.dumps(Undeclared())))
