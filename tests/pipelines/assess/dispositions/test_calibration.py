"""Calibration: from outcomes to probabilities, honest about what it knows and what it doesn't."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.errors import ConfigError
from pipelines.assess.dispositions import models
from pipelines.assess.dispositions.calibration import (
    UNAIDED,
    Calibration,
    CalibrationError,
    card,
    fit,
)
from pipelines.assess.dispositions.outcomes import outcomes

T = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")


def drawn(n: int, seed: int = 1, *, useless: bool = False) -> pd.DataFrame:
    """Outcomes of scores that exaggerate: something is found on a share of the score squared."""
    chance = np.random.default_rng(seed)
    score = chance.uniform(0.3, 1.0, n)
    truth = np.full(n, 0.3) if useless else score**2 * 0.7
    return pd.DataFrame(
        {
            "run_id": [f"run-{k // 10}" for k in range(n)],
            "mmsi": np.arange(n),
            "score": score,
            "found": chance.random(n) < truth,
            "made_time": T + pd.to_timedelta(np.arange(n), unit="h"),
        }
    )


def test_it_finds_the_truth_behind_the_score() -> None:
    fitted = fit(drawn(3000))
    scores = np.array([0.4, 0.6, 0.8, 0.95])
    assert fitted.calibration.probability(scores) == pytest.approx(scores**2 * 0.7, abs=0.1)
    bins = fitted.reliability
    inside = (bins["predicted"] >= bins["low"]) & (bins["predicted"] <= bins["high"])
    assert inside.mean() >= 0.8
    assert bins["n"].sum() == 3000


def test_lift_is_against_unaided_boarding() -> None:
    table = drawn(400)
    lift = fit(table).lift
    share = table["found"].mean()
    assert lift["all"]["lift"] == pytest.approx(share / UNAIDED, abs=0.01)
    assert lift["highest_third"]["share"] > share
    assert lift["all"]["lift_low"] < lift["all"]["lift"] < lift["all"]["lift_high"]


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(60, 200), st.integers(0, 50))
def test_the_order_of_a_list_never_changes(n: int, seed: int) -> None:
    try:
        calibration = fit(drawn(n, seed)).calibration
    except CalibrationError:
        return
    curve = calibration.probability(np.linspace(0, 1, 200))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve.min() >= 0
    assert curve.max() <= 1


@pytest.mark.parametrize(
    ("n", "found", "words"), [(49, 20, "too few"), (80, 9, "too few"), (80, 71, "too few")]
)
def test_too_few_are_refused(n: int, found: int, words: str) -> None:
    table = drawn(n).assign(found=np.arange(n) < found)
    with pytest.raises(CalibrationError, match=words):
        fit(table)


@pytest.mark.slow
def test_a_score_that_tells_nothing_is_refused() -> None:
    refused = 0
    for seed in range(8):
        try:
            fit(drawn(120, seed, useless=True))
        except CalibrationError as error:
            refused += "no better" in error.message
        if refused == 5:
            break
    assert refused == 5


def test_a_list_upside_down_is_refused() -> None:
    table = drawn(300)
    with pytest.raises(CalibrationError, match="no better"):
        fit(table.assign(found=~table["found"]))


def written(folder: Path, n: int = 200) -> tuple[Path, dict[str, Any]]:
    table = drawn(n)
    made = card(fit(table), table, simulated=True, detectors={"gap": "3"})
    return models.write(folder, made), made


@pytest.mark.slow
def test_a_model_is_written_once_and_comes_back_the_same(tmp_path: Path) -> None:
    path, made = written(tmp_path)
    assert written(tmp_path)[0] == path
    other = written(tmp_path, 300)[0]
    assert other != path
    assert models.load(tmp_path) is not None
    [svg] = [p for p in tmp_path.glob("*.svg") if p.stem == path.stem]
    drawing = ET.fromstring(svg.read_text(encoding="utf-8"))
    circles = drawing.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(made["reliability"])
    before = models.load(tmp_path, pd.Timestamp(made["until"]))
    assert before is not None
    assert before.name == path.stem, "the other one rests on outcomes that came later"
    assert before.calibration.probability(0.7) == pytest.approx(
        Calibration(made["method"], made["parameters"]).probability(0.7)
    )
    assert models.load(tmp_path, T) is None


def test_a_damaged_card_is_named(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=path.name):
        models.load(tmp_path)


def said(event_id: str, conclusion: str, hour: float = 100) -> dict[str, Any]:
    made = T + pd.Timedelta(hours=hour)
    return {"event_id": event_id, "conclusion": conclusion, "made_time": made}


def flag(run: int, mmsi: int, score: float, event_ids: str) -> dict[str, Any]:
    return {
        "run_id": f"run-{run}",
        "ordinal": run,
        "known_time": T + pd.Timedelta(days=run),
        "mmsi": mmsi,
        "score": score,
        "event_ids": event_ids,
    }


def test_an_outcome_belongs_to_the_flag_that_was_known() -> None:
    flags = pd.DataFrame(
        [
            flag(1, 1, 0.4, "a"),
            flag(2, 1, 0.6, "a;b"),
            flag(3, 1, 0.9, "a"),
            flag(1, 2, 0.5, "c"),
            flag(1, 3, 0.7, "c"),
            flag(3, 4, 0.8, "d"),
        ]
    )
    conclusions = pd.DataFrame(
        [
            said("a", "cleared", 50),
            said("b", "boarded", 51),
            said("c", "boarded"),
            said("d", "benign_cause", 1),
            said("e", "boarded"),
        ]
    )
    table = outcomes(conclusions, flags).set_index("mmsi")
    assert dict(table["score"]) == {1: 0.6, 3: 0.7, 4: 0.8}
    assert dict(table["found"]) == {1: True, 3: True, 4: False}
    nothing = outcomes(pd.DataFrame([said("a", "watch"), said("b", "unknown")]), flags)
    assert nothing.empty
