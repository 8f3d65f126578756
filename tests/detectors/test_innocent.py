"""Innocent reasons held against evidence as it was measured, and beside each the twin that it must
not excuse: the table is innocent.yaml.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import detectors
from detectors.core.evidence import Evidence
from detectors.core.explain import best_of
from detectors.core.hypothesis import Hypothesis, Known
from detectors.core.statements import STATED_BOUND
from detectors.kinematics import copies
from pipelines.base.yaml_files import read_yaml

TABLE = read_yaml(Path(__file__).with_name("innocent.yaml"))
SUBKINDS = {"identity": "two_hulls", "spoofing": "jump"}
"""Of a case that names none."""


def listed(part: str) -> list[Any]:
    """Each case of a part of the table, with its kind, named for the kind and the reason."""
    return [
        pytest.param(kind, case, id=f"{kind} {case.get('is', '')}")
        for kind, cases in TABLE[part].items()
        for case in cases
    ]


def found_in(kind: str, case: dict[str, Any]) -> tuple[Hypothesis, Any] | None:
    """The reason that fits best, and how."""
    about = ("types", "lengths_m", "subkind", "is")
    measured = Evidence.of({name: value for name, value in case.items() if name not in about})
    types = tuple(case["types"])
    lengths_m = tuple(case.get("lengths_m", [float("nan")] * len(types)))
    subkind = case.get("subkind", SUBKINDS.get(kind, ""))
    return best_of(
        Known(kind, subkind, measured, types, lengths_m), detectors.find(kind).hypotheses
    )


@pytest.mark.parametrize(("kind", "case"), listed("cases"))
def test_reason(kind, case):
    found = found_in(kind, case)
    assert (found[0].name if found else None) == case["is"]


@pytest.mark.parametrize(("kind", "case"), listed("stated"))
def test_a_word_alone_takes_little(kind, case):
    found = found_in(kind, case)
    assert found
    assert found[0].weight_of(found[1]) == STATED_BOUND


def test_one_clock_though_speeds_change():
    """Six in ten by one lag are one clock; of two hulls no lag is like another."""
    lags_s = np.r_[[216.0, -214.0] * 6, [np.nan] * 4, [0.0, 95.0, -40.0]]
    assert copies.one_clock(lags_s)
    assert not copies.one_clock(np.linspace(-1700.0, 1700.0, 20))
    assert not copies.one_clock(np.full(20, np.nan))
    assert not copies.one_clock(np.r_[[216.0] * 5, [np.nan] * 15])
