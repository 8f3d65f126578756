"""config/patrol.yaml: what it may hold, and when units are on watch."""

import shutil

import pandas as pd
import pytest
import yaml

from detectors.core.errors import ConfigError
from pipelines.ask.examine import examine
from pipelines.base import settings
from pipelines.base.settings import PROJECT
from pipelines.patrol.units import load, watches
from tests.pipelines.patrol.conftest import unit

GOOD = {"name": "A", "base": {"name": "b", "lat": 2.5, "lon": 101.2}, "cruise_kn": 10, "max_kn": 12}


def read(tmp_path, content, ports=None):
    path = tmp_path / "patrol.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load(path, ports)


def test_the_sample_configuration_is_valid_and_says_it_is_one():
    found = load(PROJECT / "config" / "patrol.yaml")
    assert len(found.units) == 4
    assert all(one.sample for one in found.units)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"speed": 3}, "speed"),
        ({"max_kn": 9}, "max_kn"),
        ({"watch": "8-12"}, "watch"),
        ({"watch": "08:00-08:00"}, "watch"),
        ({"base": "Atlantis"}, "Atlantis"),
        ({"cruise_kn": 0}, "cruise_kn"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, {"units": [{**GOOD, **change}]})
    assert words in error.value.message
    assert error.value.hint


@pytest.mark.slow
def test_the_doctor_looks_at_it(tmp_path):
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    (tmp_path / "config" / "patrol.yaml").write_text("units: []\n", encoding="utf-8")
    found = examine(settings.load(tmp_path / "home", tmp_path / "config"))
    [problem] = [one for one in found if "patrol" in one.where]
    assert (problem.level, problem.where) == ("error", "patrol.yaml")
    assert not problem.message.startswith("patrol.yaml")  # it is said once


def test_names_are_unique_and_there_is_a_unit(tmp_path):
    with pytest.raises(ConfigError, match="called 'A'"):
        read(tmp_path, {"units": [GOOD, GOOD]})
    with pytest.raises(ConfigError, match="units"):
        read(tmp_path, {"units": []})


@pytest.mark.parametrize("units", [10**30, True, "A", {"A": GOOD}, [GOOD, 7]])
def test_units_that_are_no_list_of_units_are_named(tmp_path, units):
    with pytest.raises(ConfigError, match="units"):
        read(tmp_path, {"units": units})


def test_a_base_may_be_a_port(tmp_path):
    ports = pd.DataFrame({"name": ["Penang"], "lat": [5.4], "lon": [100.3]})
    found = read(tmp_path, {"units": [{**GOOD, "base": "penang"}]}, ports)
    assert (found.units[0].base.name, found.units[0].base.lat) == ("Penang", 5.4)


def test_watches_over_midnight_are_cut_by_the_plan():
    start = pd.Timestamp("2026-01-06T10:00Z")  # 18:00 in Kuala Lumpur
    spans = watches(unit(watch="22:00-06:00"), start, start + pd.Timedelta("24h"))
    assert [(str(a)[:16], str(b)[:16]) for a, b in spans] == [
        ("2026-01-06 14:00", "2026-01-06 22:00")
    ]
    whole = watches(unit(watch="00:00-24:00"), start, start + pd.Timedelta("24h"))
    assert [b - a for a, b in whole] == [pd.Timedelta("6h"), pd.Timedelta("18h")]
    assert not watches(unit(watch="17:00-18:30"), start, start + pd.Timedelta("12h"))  # 30 min
    [(opens, closes)] = watches(unit(watch="17:00-19:00"), start, start + pd.Timedelta("12h"))
    assert (opens, closes - opens) == (start, pd.Timedelta("1h"))  # long enough
