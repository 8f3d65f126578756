"""A run loads what it works with once, and reads as judge, publish, record."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import detectors
from detectors.core.errors import SelatError
from pipelines import store
from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, load
from pipelines.reference import layers
from pipelines.run import redetect, runs
from pipelines.run.night import NightRequest, refuse_wrong
from pipelines.run.setup import Setup
from pipelines.run.windows import choose_window
from tests.conftest import asking_only


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often zones were loaded and detectors built."""
    calls = Counter[str]()

    def counting(module: Any, name: str) -> None:
        plain = getattr(module, name)

        def call(*given: Any, **more: Any) -> Any:
            calls[name] += 1
            return plain(*given, **more)

        monkeypatch.setattr(module, name, call)

    counting(layers, "load_zones")
    counting(detectors, "build")
    return calls


@pytest.fixture
def gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_briefs: None) -> None:
    """Runs ask one detector, and draw little: what they load is the point."""
    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_a_run_loads_zones_and_builds_detectors_once(home: Path, counted: Counter[str]) -> None:
    with reporter(quiet=True) as report:
        runs.detect_only(load(home), None, None, None, report)
    assert counted == {"load_zones": 1, "build": 1}


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_looking_again_at_days_loads_them_once_for_all(home: Path, counted: Counter[str]) -> None:
    with reporter(quiet=True) as report:
        found = redetect.redetect(load(home), None, "2026-01-05", "2026-01-07", report)
    assert len(found.days) >= 1
    assert counted == {"load_zones": 1, "build": 1}


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_a_run_is_seen_when_it_is_recorded_and_not_before(home: Path) -> None:
    installation = load(home)
    setup = Setup.load(installation)
    before = installation.latest.resolve()
    with (
        reporter(quiet=True) as report,
        store.write(installation.store, installation.settings.store) as writer,
    ):
        window = choose_window(writer, date=None, since=None, until=None)
        detection = runs.run_detectors(writer, setup, window, report)
        judged = runs.judge(writer, setup, window, detection)
        assert sorted(installation.runs.iterdir()) == [before]  # nothing is written yet
        published = runs.publish(writer, setup, judged, {"lost.nmea": "it is gone"})
        assert published.failures == {"feed lost.nmea": "it is gone"}
        assert (published.folder / "manifest.json").exists()
        assert installation.latest.resolve() == before
        assert len(writer.runs()) == 1
        finished = runs.record(writer, installation, judged, published)
        assert len(writer.runs()) == 2
    assert installation.latest.resolve() == finished.folder
    assert finished.state == "partial"
    with pytest.raises(runs.PartialRunError, match=r"lost\.nmea"):
        runs.raise_if_partial(finished)


@pytest.mark.parametrize("typed", ["typo.nmea", "typo*.nmea", "no/such/folder"])
def test_a_mistyped_feed_is_refused_before_the_run_and_leaves_no_failure(
    tmp_path: Path, typed: str
) -> None:
    installation = load(tmp_path)
    with pytest.raises(SelatError):
        refuse_wrong(installation, NightRequest(feeds=(str(tmp_path / typed),)))
    assert not installation.failure.exists()


def test_a_configuration_that_is_wrong_is_noted_as_a_night_that_failed(tmp_path: Path) -> None:
    """Else `selat flagged` shows in the morning what the night before found, as if it were new."""
    home = tmp_path / "home"
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    home.mkdir()
    (config / "zones" / "ports.geojson").write_text("{")
    installation = load(home, config)
    with pytest.raises(SelatError) as raised:
        refuse_wrong(installation, NightRequest())
    assert f"the nightly run failed: {raised.value}" in installation.failure.read_text()
