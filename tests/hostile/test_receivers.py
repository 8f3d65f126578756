"""Receivers that a feed makes up: what they can do to the times of others, and that it is said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from detectors.kinematics.integrity import clock_errors
from pipelines import store
from pipelines.ask import clocks
from pipelines.ask.health import gather
from pipelines.ask.health.problems import problems
from pipelines.base.settings import load
from tests.detectors.kinematics.integrity.conftest import as_positions
from tests.detectors.kinematics.integrity.test_receivers import HOURS, START_US, heard
from tests.pipelines.detect.test_clocks import MIDNIGHT, judged

LATE_S = 600
FAKES = 16
ESCAPES = "\x00\n\x1b[2J\u202e" + 60 * "N"


def test_receivers_without_number_are_no_more_to_hold() -> None:
    reports, receiver = heard(lambda r, t: 240.0 if r == 2 else 0.0)
    each = 1_000 * np.arange(len(receiver))
    off, errors = clock_errors(reports, each, START_US, START_US + HOURS * 3_600_000_000)
    assert len(off) == len(errors) == 0
    # Nor do those that heard nobody else hide one that is wrong.
    many = np.where(receiver == 2, 2_000_000, receiver)
    off, errors = clock_errors(reports, many, START_US, START_US + HOURS * 3_600_000_000)
    assert off.tolist() == [2_000_000]
    assert len(errors) == 1


@pytest.mark.slow
def test_times_that_made_up_receivers_moved_are_counted_and_said(tmp_path: Path) -> None:
    # Most clocks are taken for right: who makes up most of the receivers moves the others' times.
    reports, receiver = heard(lambda r, t: 0.0)
    frame = as_positions(reports, nav_status=0)
    fake = frame.assign(
        time=frame["time"] + pd.Timedelta(seconds=LATE_S),
        source_offset=frame["source_offset"] + len(frame),
    )
    both = pd.concat([frame, fake], ignore_index=True)
    names = [f"R{r}" for r in receiver]
    names += [f"{ESCAPES}{n % FAKES}" for n in range(len(fake))]
    order = np.lexsort((both["time"], both["mmsi"]))
    both = frames.conform(both.iloc[order].reset_index(drop=True), frames.POSITIONS)
    found = judged(tmp_path / "store", both, [names[place] for place in order])
    end = found["time"].max()

    with store.read(tmp_path / "store") as reader:
        [(date, told)] = reader.clocks_put_right(f"{MIDNIGHT:%Y-%m-%d}", "9999").items()
        wrong = clocks.wrong_clocks(reader, MIDNIGHT, end)
        heard_of = {"i": clocks.Heard(frozenset(found["mmsi"].tolist()), MIDNIGHT, end)}
        doubt = clocks.doubts(reader, heard_of, wrong)["i"]
    assert set(told["clocks"]) == set(wrong) == {f"R{r}" for r in range(5)}
    for one in told["clocks"].values():
        assert one["late_s"] == pytest.approx(-LATE_S, abs=30)
    assert 0 < found["shift_s"].notna().sum() <= told["put_right"] + told["clock_faults"]
    assert set(doubt.by) == set(wrong)

    installation = load(tmp_path)
    health = gather(installation, end.to_pydatetime())
    [problem] = [p for p in problems(health, installation.settings.health) if date in p.where]
    assert "R1 -" in problem.message
    assert problem.hint


def test_names_of_receivers_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    reports, receiver = heard(lambda r, t: float(LATE_S) if r == 2 else 0.0)
    names = [ESCAPES if r == 2 else f"R{r}" for r in receiver]
    found = judged(tmp_path / "store", as_positions(reports, nav_status=0), names)
    end = found["time"].max()
    with store.read(tmp_path / "store") as reader:
        wrong = clocks.wrong_clocks(reader, MIDNIGHT, end)
        heard_of = clocks.Heard(frozenset(found["mmsi"].tolist()), MIDNIGHT, end)
        doubt = clocks.doubts(reader, {"i": heard_of}, wrong)["i"]
    assert tuple(wrong) == tuple(doubt.by) == (ESCAPES,)
    health = gather(load(tmp_path), end.to_pydatetime())
    [said] = [one.text for one in health.clocks if one.name.startswith("receivers on")]
    assert said.isprintable()
    assert len(said) < 300
