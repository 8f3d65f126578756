"""`selat plan` on an exercise."""

import json
import shutil

import pandas as pd
import pytest

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.assess import watchlists
from pipelines.base.settings import PROJECT, load
from pipelines.patrol import units
from pipelines.run.plan import begun, gather


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
    assert ran.code == 7
    assert "hint" in ran.err


def test_a_state_whose_sea_nobody_knows_is_an_error(exercise_home, selat, tmp_path):
    """A mistyped one would close to a unit what was meant to be open to it."""
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    about = (config / "patrol.yaml").read_text(encoding="utf-8")
    for said, code in (("Indonesai", 2), ("Indonesia", 0)):
        changed = about.replace("seas: []", f"seas: [{said}]")
        (config / "patrol.yaml").write_text(changed, encoding="utf-8")
        args = "--home", exercise_home, "--config", config, "--greedy", "--dry-run"
        ran = selat("plan", *args)
        assert ran.code == code, ran.err
        assert ("'Indonesai'" in ran.err and "Malaysia" in ran.err) == (code != 0)


@pytest.mark.parametrize("start", ["2026-11-25T18:00Z", "2199-12-31T00:00Z"])
def test_a_plan_of_another_season_is_refused_and_not_worked_out_for_ever(start):
    """As whoever copies the guide's command, or mistypes a year, has it."""
    end = pd.Timestamp("2026-01-06T16:00Z")
    with pytest.raises(SelatError, match="can't be told") as error:
        begun(end, pd.Timestamp(start))
    assert "7 days" in error.value.hint
    for near in (end - pd.Timedelta(days=30), end, end + pd.Timedelta(days=7)):
        assert begun(end, near) == near
    assert begun(end, None) == end


def test_each_vessel_is_sailed_to_for_what_it_did_itself(exercise_home):
    """The partner of a meeting isn't told to have lain alongside itself."""
    installation = load(exercise_home)
    config = units.of(installation.config, installation.reference)
    with store.read(installation.store) as reader:
        found = gather(reader, installation, config, None, None)
    own = found.flagged.set_index("mmsi")
    assert found.reasons
    assert all(str(own.loc[m, "reasons"]).startswith(told) for m, told in found.reasons.items())
    assert not [
        m for m, told in found.reasons.items() if f"with {own.loc[m, 'name'] or m} " in told
    ]


def test_where_own_vessels_were_sends_nobody(exercise_home, tmp_path):
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    installation = load(exercise_home, config)
    asked = installation, units.of(config, installation.reference), None, None
    with store.read(installation.store) as reader:
        before = gather(reader, *asked).past
        asked_of = before[before["detector"].isin(watchlists.ABOUT_NUMBERS)]
        mmsis = {*before["mmsi"]} - {0, *asked_of["mmsi"], *asked_of["other_mmsi"]}
        mmsis = {mmsi for mmsi in mmsis if mmsi >= 100_000_000}  # a list has nine digits of each
        installation.watchlists.mkdir()
        (installation.watchlists / "own.csv").write_text("\n".join(["mmsi", *map(str, mmsis)]))
        about = "title: Own vessels\nsource: a test\nlicence: own\nown: true\n"
        (installation.watchlists / "own.yaml").write_text(about)
        after = gather(reader, *asked).past
    assert before["mmsi"].isin(mmsis).sum() >= 3
    assert not after["mmsi"].isin(mmsis).any()
    assert not after["other_mmsi"].isin(mmsis).any()


def test_help_has_examples(selat):
    ran = selat("plan", "--help")
    assert "selat plan" in ran.out.split("For example:")[1]
