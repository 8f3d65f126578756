"""`selat operation` on an exercise."""

import json
import shutil

import pandas as pd
import pytest

from pipelines.assess.operations import OperationError
from pipelines.base.settings import load
from pipelines.run.operations import compared

START = pd.Timestamp("2026-01-06T00:00Z")
OPERATION = pd.Series({"start": START, "end": START + pd.Timedelta("4h")})
"""As far as is looked at before it is refused."""


@pytest.mark.slow
def test_add_list_and_report(exercise_home, selat, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(exercise_home / "store", home / "store")
    add = (
        "operation",
        "add",
        "Kasturi 3",
        "--since",
        "2026-01-06T04:00",
        "--until",
        "2026-01-06T08:00",
        "--area",
        "103,0.9,104.3,1.5",
        "--home",
        home,
    )
    assert selat(*add).code == 0
    again = selat(*add)
    assert again.code == 4
    assert "already" in again.err
    listed = json.loads(selat("operation", "list", "--json", "--home", home).out)
    assert [row["name"] for row in listed] == ["Kasturi 3"]
    ran = selat("operation", "report", "kasturi 3", "--json", "--home", home)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["phases"]["during"]["looked_at"] == 1.0
    assert sum(row["vessel_hours"] for row in document["presence"]) > 0
    [page] = (home / "operations").glob("*.html")
    assert "Kasturi 3" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("days", [-1, 3661, 100_000_000])
def test_before_and_after_have_an_end(exercise_home, days):
    with pytest.raises(OperationError, match="before and after"):
        compared(load(exercise_home), OPERATION, around=pd.Timedelta(days=days))


@pytest.mark.parametrize("beside_nm", [0, -1, 301, 1e9, float("inf"), float("nan")])
def test_beside_has_an_end(exercise_home, beside_nm):
    with pytest.raises(OperationError, match="beside"):
        compared(load(exercise_home), OPERATION, beside_nm=beside_nm)


def test_what_has_no_end_is_refused_by_the_command(exercise_home, selat):
    for more in (("--days", "100000000"), ("--days", "1e300"), ("--beside-nm", "1e9")):
        ran = selat("operation", "report", "x", *more, "--home", exercise_home)
        assert (ran.code, more[0] in ran.err) == (2, True)


def test_errors_have_a_hint(exercise_home, selat):
    ran = selat("operation", "report", "nothing", "--home", exercise_home)
    assert ran.code == 2
    assert "none yet" in ran.err
    everywhere = selat(
        "operation",
        "add",
        "x",
        "--since",
        "2026-01-06",
        "--until",
        "2026-01-07",
        "--area",
        "all",
        "--home",
        exercise_home,
    )
    assert everywhere.code == 2


def test_an_operation_of_one_day_is_told_when_it_ends(tmp_path, selat):
    day = ("--since", "2026-01-06", "--until", "2026-01-06", "--area", "100,2,101,3")
    ran = selat("operation", "add", "x", *day, "--home", tmp_path)
    assert ran.code == 2
    assert "a day lasts until the next" in ran.err
