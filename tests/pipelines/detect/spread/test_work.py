"""How results are named and kept, and engines had."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.base.settings import load
from pipelines.detect.spread import work
from pipelines.detect.spread.engines import EngineError, engine

TIME = pd.Timestamp("2026-01-05", tz="UTC")


def place_in(folder: Path) -> work.Place:
    installation = load(folder / "home")
    return work.Place(
        str(installation.home),
        str(installation.config),
        str(folder / "work"),
        work.fingerprint(installation),
    )


def test_a_result_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    place = place_in(tmp_path)

    def fail_half_way() -> None:
        with place.make("looks", "a") as folder:
            (folder / "half.txt").write_text("half")
            (folder / "none.txt").read_text()

    with pytest.raises(FileNotFoundError):
        fail_half_way()
    assert not place.folder("looks", "a").exists()
    with place.make("looks", "a") as slow:
        (slow / "one.txt").write_text("slow")
        with place.make("looks", "a") as fast:
            (fast / "one.txt").write_text("fast")
    assert (place.folder("looks", "a") / "one.txt").read_text() == "fast"
    assert [path.name for path in (tmp_path / "work" / "looks").iterdir()] == ["a"]


def test_a_worker_with_another_program_or_configuration_refuses(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    assert place.installation().home == tmp_path / "home"
    other = work.Place(place.home, place.config, place.work, "another")
    with pytest.raises(work.WorkerError, match="another version"):
        other.installation()


def test_the_fingerprint_is_of_what_was_learned_too(tmp_path: Path) -> None:
    installation = load(tmp_path)
    before = work.fingerprint(installation)
    installation.learned.mkdir()
    (installation.learned / "normal-2026-01-01.json").write_text("{}")
    assert work.fingerprint(installation) != before


def test_a_scheduler_that_is_not_there() -> None:
    with (
        pytest.raises(EngineError, match="no Dask scheduler at nowhere") as error,
        engine("dask", "nowhere://127.0.0.1:1", 1),
    ):
        pass
    assert "dask scheduler" in str(error.value.hint)
