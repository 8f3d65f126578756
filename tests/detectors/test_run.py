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
from tests.making import event_row

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


class After(Open):
    """Reads what the silent one found."""

    name: ClassVar[str] = "after"
    after: ClassVar[tuple[str, ...]] = ("silent",)


def test_what_is_found_anew_takes_the_place_of_what_stood() -> None:
    """An event that was over by an earlier look and goes on all the same is read once."""

    def found(**ends: pd.Timestamp | None) -> pd.DataFrame:
        rows = [event_row("silent", NOW, end, subkind=name) for name, end in ends.items()]
        return events.build(rows)

    later = NOW + pd.Timedelta(hours=1)
    known, standing = found(one=None), found(one=later, two=later)
    none = Zones.none(), frames.empty(frames.VESSELS), Coverage.none()
    context = Context(NOW, later, *none)
    both = [Silent(), After()]
    seen = run.seen_by(both[1], both, context, {"silent": known}, {"silent": standing})
    read = seen.earlier["silent"].set_index("subkind")["end"]
    assert sorted(read.index) == ["one", "two"]
    assert pd.isna(read["one"])
