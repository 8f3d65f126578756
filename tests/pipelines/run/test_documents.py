"""What the documents say can be done is done, on the small exercise."""

import csv
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import yaml
from pydantic import SecretStr

from pipelines.base.secrets import Secrets
from pipelines.cli.sql import sql
from pipelines.reference.layers import read_area
from pipelines.reference.layers.features import read_rules
from pipelines.store.views import VIEWS

PROJECT = Path(__file__).resolve().parents[3]
DOCS = PROJECT / "docs"
NOT_RUN = "# Not run by a test: "


def blocks(page: Path, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)


def test_every_question_of_the_guide_to_sql_has_an_answer(
    story_home: Path, selat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [line for block in blocks(DOCS / "guides/sql.md") for line in block.splitlines()]
    questions = [shlex.split(line.split(" > ")[0])[2:] for line in asked]
    assert len(questions) >= 5
    for question in questions:
        table = [] if "--parquet" in question else ["--csv"] * ("--csv" not in question)
        done = selat("sql", *question, *table, "--home", story_home)
        assert done.code == 0, (question, done.err)
        if table and "positions" not in question[0]:
            assert len(list(csv.reader(io.StringIO(done.out)))) > 1, question
    assert [path.suffix for path in tmp_path.iterdir()] == [".parquet"]


def test_the_guide_to_sql_and_the_command_name_every_view() -> None:
    """`incidents` was in neither, and nobody looks for what isn't named."""
    guide = (DOCS / "guides/sql.md").read_text("utf-8")
    command = " ".join((sql.__doc__ or "").split())
    [named] = re.findall(r"The views are (.*?);", command)
    assert re.split(r", | and ", named) == re.findall(r"^\| `(\w+)` \|", guide, re.M) == list(VIEWS)


def test_what_the_guides_do_in_python_is_done_or_says_why_not(
    story_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.ask import desk

    home = Path(shutil.copytree(story_home, tmp_path / "home", symlinks=True))
    monkeypatch.setenv("SELAT_HOME", str(home))
    night = desk.night()
    [gap, *_] = night.events[night.events["kind"] == "gap"].itertuples()
    vessel = night.flagged.iloc[0]
    known = {
        "start": gap.start - pd.Timedelta(hours=1),
        "end": gap.start,
        "my_polygons": gpd.GeoSeries([shapely.box(94, -1.5, 106, 9)], crs=4326),
    }
    ours = {
        '(as_of="2026-11-20")': "()",  # runs of a test are of today
        '"3f2a"': f'"{gap.event_id}"',
        '"7f0c"': f'"{night.incidents["incident_id"].iloc[0]}"',
        '"melati"': f'"{vessel["name"]}"',
        '"563072390"': f'"{vessel["mmsi"]}"',
    }
    ran = 0
    for page in sorted(DOCS.rglob("*.md")):
        for block in blocks(page, "python"):
            if block.startswith(NOT_RUN):
                continue
            told = re.sub("|".join(map(re.escape, ours)), lambda found: ours[found[0]], block)
            exec(told, {**known})
            ran += 1
    assert ran


def test_examples_of_configuration_are_read(tmp_path: Path) -> None:
    [rules] = blocks(DOCS / "reference/zones.md", "json")
    assert read_rules(json.loads("{" + rules + "}")["rules"], "the reference")
    [area] = blocks(DOCS / "reference/zones.md", "yaml")
    (tmp_path / "beach.yaml").write_text(area)
    assert read_area(tmp_path / "beach.yaml")
    [secrets] = blocks(DOCS / "guides/administrator.md", "yaml")
    read = Secrets.model_validate(yaml.safe_load(secrets))
    assert isinstance(read.prefect_database, SecretStr)


@pytest.mark.prove  # its commands and options: tests/test_docs.py
def test_the_tutorial_is_as_it_is_told(
    selat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = DOCS / "tutorial.md"
    lines = [line for block in blocks(page) for line in block.splitlines()]
    commands = [line.split(" ", 1)[1] for line in lines if line.startswith(".venv/bin/selat ")]
    assert len(commands) >= 10
    for command in commands:
        words = [
            w for one in shlex.split(command) for w in sorted(map(str, Path().glob(one))) or [one]
        ]
        done = selat(*words)
        assert done.code == (11 if words[0] == "verify" else 0), (command, done.err)
        told = done.out
    assert "Precision of the top" in told
    [incident] = re.findall(r"^`(\w+)…` is the incident that both", page.read_text(), re.MULTILINE)
    listed = selat("incidents", "--json", "--home", "data/tutorial/home").out
    every = json.loads(listed)["incidents"]
    [found] = [one for one in every if one["incident_id"].startswith(incident)]
    assert len(found["vessels"].split(" | ")) == 2
