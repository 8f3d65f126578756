"""The one way from a YAML file to values and models."""

import os

import pytest
from pydantic import BaseModel, ConfigDict

from detectors.core.errors import ConfigError
from pipelines.base import settings
from pipelines.base.marks import MarkRules
from pipelines.base.yaml_files import read_model, read_value, read_yaml
from pipelines.ingest.layouts import load_layouts
from pipelines.learn.parameters import places
from pipelines.reference.learned import decisions


class Boat(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    speeds_kn: tuple[float, ...] = ()


def written(folder, text):
    path = folder / "boats.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", r"the key 'a' stands twice \(line 3\)"),
        ("a:\n  b: 1\n  b: 2\n", r"the key 'b' stands twice \(line 3\)"),
        ("a: 1\n  b: 2\n", r"line 2"),
        ("a: 2026-13-01\n", "month"),
        ("[" * 20_000, "nest"),
        ("a: !!python/object/apply:os.getcwd []\n", "constructor"),
        ("a: \x00\n", "not allowed"),
        ("a: 1" + ":1" * 100_000, r"so many digits isn't read \(line 1\)"),  # took 20 s
    ],
)
def test_text_that_isnt_right_is_refused_with_its_file(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words) as refused:
        read_yaml(written(tmp_path, text))
    assert "boats.yaml can't be read" in refused.value.message


def test_message_doesnt_show_the_text():
    with pytest.raises(ConfigError) as refused:
        read_value("word: secret-1234\n  b: c\n")
    assert "secret" not in str(refused.value)


def test_keys_may_stand_again_elsewhere_and_merge():
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, x: 3}\n"
    assert read_value(text)["one"] == {"x": 3, "y": 2}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_nobody_waits_for_what_is_no_file(tmp_path, make):
    make(tmp_path / "boats.yaml")
    with pytest.raises(ConfigError, match="isn't a file"):
        read_yaml(tmp_path / "boats.yaml")


def test_missing_file_and_other_things_than_mappings(tmp_path):
    with pytest.raises(ConfigError, match="no configuration file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="isn't a mapping"):
        read_yaml(written(tmp_path, "- a\n"))
    assert read_yaml(written(tmp_path, "# nothing\n")) == {}


def test_error_names_the_field_and_its_line(tmp_path):
    path = written(tmp_path, "first:\n  name: a\n  speeds_kn:\n    - 1\n    - fast\n")
    with pytest.raises(ConfigError, match=r"boats.yaml: first.speeds_kn.1: ") as refused:
        read_model(path, Boat, read_yaml(path)["first"], place=("first",))
    assert "mend line 5 of" in refused.value.hint
    assert read_model(written(tmp_path, "name: a\n"), Boat) == Boat(name="a")


def test_every_file_that_people_write_is_read_so(tmp_path, monkeypatch):
    monkeypatch.delenv("SELAT_INGEST__RETRIES", raising=False)
    (tmp_path / "settings.yaml").write_text("ingest:\n  retries: 99\n")
    with pytest.raises(ConfigError, match=r"setting ingest.retries: ") as refused:
        settings.load(config=tmp_path)
    assert "mend line 2 of" in refused.value.hint
    monkeypatch.setenv("SELAT_INGEST__RETRIES", "98")
    with pytest.raises(ConfigError) as refused:
        settings.load(config=tmp_path)
    assert refused.value.hint == "mend SELAT_INGEST__RETRIES in the environment"

    mappings = tmp_path / "mappings.yaml"
    mappings.write_text("mine:\n  title: t\n  decimal: x\n  columns: {}\n")
    with pytest.raises(ConfigError, match=r"mappings.yaml: mine.decimal: ") as refused:
        load_layouts(mappings)
    assert "mend line 3 of" in refused.value.hint
    mappings.write_text("mine:\n  name: other\n  columns: {}\n")
    with pytest.raises(ConfigError, match="the key that it stands under"):
        load_layouts(mappings)

    (tmp_path / "learn.yaml").write_text("places:\n  min_days: 0\n")
    with pytest.raises(ConfigError, match=r"learn.yaml: places.min_days: ") as refused:
        places(tmp_path)
    assert "mend line 2 of" in refused.value.hint
    (tmp_path / "learn.yaml").write_text("places:\n  min_days: 4\n")
    with pytest.raises(ConfigError, match=r"--set min_days: ") as refused:
        places(tmp_path, min_days=0)
    assert places(tmp_path).min_days == 4

    (tmp_path / "decisions.yaml").write_text("a-place: [accept]\n")
    with pytest.raises(ConfigError, match="isn't a list of decisions"):
        decisions(tmp_path)


def test_what_a_rule_says_stands_without_its_librarys_words(tmp_path):
    path = tmp_path / "marks.yaml"
    rest = "default: {tlp: GREEN, rel: ALL}\nsightings:\n"
    path.write_text(f"{rest}  - {{tlp: RED, rel: [MYS]}}\n")
    with pytest.raises(ConfigError) as refused:
        read_model(path, MarkRules)
    assert str(refused.value).endswith("sightings.0: say which sightings: file, source or both")
    path.write_text(f"{rest}  - {{file: '*', tlp: RED, rel: [MYS]}}\n")
    assert read_model(path, MarkRules).sightings, "all of them were named"
