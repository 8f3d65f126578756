"""`selat plan` on an exercise."""

import json

import pytest


@pytest.mark.slow
def test_plan_of_the_newest_run(exercise_home, selat, tmp_path):
    out = tmp_path / "out"
    ran = selat("plan", "--home", exercise_home, "--out", out, "--json", "--iterations", 50)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["simulated"]
    assert document["sample_units"]
    assert document["sorties"]
    assert (out / "plan.json").read_text(encoding="utf-8") == ran.out
    assert (out / "plan.html").exists()


def test_errors_have_a_hint(exercise_home, selat, tmp_path):
    ran = selat("plan", "--home", exercise_home, "--run", "nonsense")
    assert ran.code == 7
    assert "nonsense" in ran.err
    assert "hint" in ran.err
    ran = selat("plan", "--home", tmp_path / "nothing")
    assert ran.code == 4
    assert "hint" in ran.err


def test_help_has_examples(selat):
    ran = selat("plan", "--help")
    assert "selat plan" in ran.out.split("For example:")[1]
