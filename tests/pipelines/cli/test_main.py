"""What a command says of an error that nothing nearer to it made a sentence of."""

import json
import re
from pathlib import Path
from typing import NoReturn

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from detectors.core.errors import ConfigError
from pipelines.cli import main


def ended_by(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command that raises an error."""

    def raising() -> NoReturn:
        raise error

    monkeypatch.setattr(main, "_app_of", lambda _: raising)
    main._run("detect")


def no_room() -> Exception:
    """Return what NumPy raises."""
    with pytest.raises(MemoryError) as caught:
        np.zeros(1 << 58, "int64")
    return caught.value


@pytest.mark.parametrize(
    "error",
    [MemoryError(), no_room(), pa.ArrowMemoryError("malloc"), duckdb.OutOfMemoryException("no")],
    ids=lambda error: type(error).__name__,
)
def test_whoever_is_refused_memory_it_is_a_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ended_by(error, monkeypatch)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "too little memory for selat detect" in said
    assert "detection.memory_gb" in said


def test_a_fault_of_ours_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ended_by(ZeroDivisionError(), monkeypatch)


@pytest.mark.parametrize("command", ["nightly", "ingest", "vessel", "keys list"])
def test_examples_stand_back_from_the_sentences_above_them(command: str) -> None:
    """In a third of the commands, those that say no more than one sentence, they didn't."""
    told = CliRunner().invoke(main.app, [*command.split(), "--help"], env={"COLUMNS": "80"}).output
    assert re.search(rf"For example:\s*\n\s*\n {{3}}selat {command}", told)


def test_a_feed_is_named_to_ingest_with_the_option_of_a_night_or_without(tmp_path: Path) -> None:
    feed, home = tmp_path / "feed.csv", str(tmp_path / "home")
    feed.write_text("mmsi,time,lat,lon\n533000101,2026-01-06T00:00:00Z,2.5,101.5\n", "utf-8")
    for how in ([str(feed)], ["--feed", str(feed)]):
        asked = ["ingest", *how, "--dry-run", "--home", home, "--json", "--area", "all"]
        told = CliRunner().invoke(main.app, asked)
        assert len(json.loads(told.stdout)["added"]) == 1, told.output
    none = CliRunner().invoke(main.app, ["ingest", "--home", home])
    assert none.exit_code == 2
    assert "--feed" in none.output


def test_a_watch_without_anything_to_watch_says_so_and_makes_no_home(tmp_path: Path) -> None:
    """It made an empty store, and said that nothing was new."""
    home = tmp_path / "home"
    done = CliRunner().invoke(main.app, ["watch", "--once", "--home", str(home)])
    assert isinstance(done.exception, ConfigError)
    assert "no feed is named" in str(done.exception)
    assert "--feed" in str(done.exception.hint)
    assert "config/settings.yaml" in str(done.exception.hint)
    assert not home.exists()
