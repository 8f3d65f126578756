"""Evidence of stores up to version 7, brought to checks and facts: nothing is lost."""

import json
import tarfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from detectors.core.evidence import Check, Evidence
from pipelines.store.flat_evidence import converted, of_flat

KEPT = Path(__file__).parent / "kept"
TOLD = {
    "base_score",
    "explanation_weight",
    "explanation_overturned_by",
    "untested_explanations",
    "explained_by",
}

ENCOUNTER: dict[str, Any] = {
    "max_distance_m": 500.0,
    "distance_margin_m": 449.0,
    "median_distance_m": 51.0,
    "min_distance_m": 40.0,
    "max_silence_s": 1800,
    "base_score": 0.77,
    "explanation_weight": 0.85,
    "explanation_overturned_by": "they part",
    "untested_explanations": "ferry; pilot transfer",
    "first_report_source": "bfc7fd6cbbb339e6:7207142",
}


def test_limits_margins_and_what_was_measured_become_checks() -> None:
    found = of_flat(ENCOUNTER, "tug and tow: together at {odd} braces")
    assert found.checks == (
        Check("median_distance_m", 51.0, 500.0, "at_most", "m", "max_distance_m"),
    )
    assert found.facts == {
        "first_report_source": "bfc7fd6cbbb339e6:7207142",
        "min_distance_m": 40.0,
    }
    assert found.settings == {"max_silence_s": 1800}
    told = found.explained
    assert told is not None
    assert (told.base_score, told.weight, told.name) == (0.77, 0.85, "tug and tow")
    assert told.says.format() == "together at {odd} braces"
    assert told.untested == ("ferry", "pilot transfer")


def test_a_value_beyond_a_parameter_is_not_called_its_measure() -> None:
    found = of_flat({"max_speed_kn": 2.5, "speed_kn": 9.0})
    assert (found.checks, found.facts, found.settings) == (
        (),
        {"speed_kn": 9.0},
        {"max_speed_kn": 2.5},
    )


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", Evidence.of({"a_m": 1.0}).json()])
def test_what_is_no_flat_evidence_stays(text: str) -> None:
    assert converted(text, "") == text


@pytest.mark.parametrize("version", [5, 6, 7])
def test_nothing_of_kept_stores_is_lost(version: int, tmp_path: Path) -> None:
    with tarfile.open(KEPT / f"schema-{version}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    (catalogue,) = tmp_path.rglob("catalogue.duckdb")
    with duckdb.connect(str(catalogue), read_only=True) as connection:
        rows = connection.execute("SELECT evidence, explanation FROM events").fetchall()
    assert rows
    for text, explanation in rows:
        flat, found = json.loads(text), Evidence.parse(converted(text, explanation))
        for name, value in flat.items():
            if "margin" in name or name in TOLD:
                continue
            assert found[name] == (tuple(value) if isinstance(value, list) else value), name
        for check in found.checks:
            stem = check.parameter.split("_", 1)[-1]
            base, _, unit = stem.rpartition("_")
            margins = {flat.get(f"{base}_margin_{unit}"), flat.get(f"{stem}_margin")} - {None}
            assert all(check.margin == pytest.approx(m, abs=2e-5) for m in margins)
