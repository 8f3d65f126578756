"""A feed that stops for longer than verdicts may change: nights around it are as one night."""

import functools
import gzip
import operator
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.base.settings import load
from pipelines.exercise import simulate
from pipelines.publish.packs.keys import Keyring
from pipelines.run.looks import open_window
from pipelines.run.release import release_run
from pipelines.run.setup import load_zones
from pipelines.run.windows import choose_window, utc
from tests.conftest import ingest, look


@pytest.fixture(scope="module")
def next_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feed that begins 21 hours after the small one ended."""
    folder = tmp_path_factory.mktemp("next-day")
    start = utc("2026-01-06T16:00:00Z").to_pydatetime()
    simulate(folder, seed=12, hours=1, vessels=20, start=start, zones=load_zones(load()))
    return folder / "feed.nmea.gz"


def later(feed: Path, by: pd.Timedelta, to: Path) -> Path:
    """A feed as if all had been sent later: what is stamped is the time of reception."""

    def stamped(block: re.Match[bytes]) -> bytes:
        begin, at_s, rest = block.groups()
        said = begin + b"%d" % (int(at_s) + by.total_seconds()) + rest
        return b"\\%s*%02X\\" % (said, functools.reduce(operator.xor, said))

    lines = gzip.decompress(feed.read_bytes())
    moved = re.sub(rb"(?m)^\\([^*\\]*c:)(\d+)([^*\\]*)\*\w\w\\", stamped, lines)
    assert moved.count(b"c:") == lines.count(b"c:")
    to.write_bytes(moved)
    return to


def told(home: Path) -> pd.DataFrame:
    """The events of a home, and whether each stands."""
    with store.read(home / "store") as opened:
        columns = 'event_id, mmsi, start, "end", score, retracted'
        return opened.sql(f"SELECT {columns} FROM events ORDER BY event_id")


@pytest.mark.usefixtures("without_briefs")
def test_a_night_weeks_later_is_not_led_by_what_was_told_then(
    home: Path, next_day: Path, tmp_path: Path
) -> None:
    began = utc("2026-01-20T16:00:00Z").to_pydatetime()
    before = told(home).query("~retracted")
    ingest(home, later(next_day, pd.Timedelta(days=14), tmp_path / "weeks-later.nmea"))
    look(home)
    with store.read(home / "store") as opened:
        run = opened.last_run()
        assert run is not None
        assert run["start"] < began
        seen = opened.flags(run["run_id"])["last_seen"]
        assert (seen >= began).all()
        assert not (opened.incidents(run["run_id"])["status"] == "withdrawn").any()
    Keyring(home / "keys").make(began, None, "exercise")
    pack = release_run(load(home), "patrol-boat", None).products
    assert pack.start < began
    assert (pack.flagged["last_seen"] >= began).all()
    assert (pack.incidents["start"] >= began).all()
    after = told(home).set_index("event_id").loc[before["event_id"]]
    assert not after["retracted"].all()
    assert (before["end"].isna().to_numpy() & after["end"].notna().to_numpy()).any()


@pytest.mark.usefixtures("without_briefs")
def test_what_went_on_when_a_feed_stopped_has_ended_and_is_not_taken_back(
    small_ingested_home: Path, small_home: Path, next_day: Path, tmp_path: Path
) -> None:
    parted = Path(shutil.copytree(small_home, tmp_path / "parted", symlinks=True))
    went_on = told(parted).query("end.isna()")
    assert len(went_on) > 0
    ingest(parted, next_day)
    installation = load(parted)
    with store.read(installation.store) as opened:
        night = choose_window(opened, date=None, since=None, until=None)
        between = open_window(opened, opened.new_feeds(), 1.0)
        day = choose_window(opened, date="2026-01-07", since=None, until=None)
        assert night.start == between.start == day.start == opened.last_run()["end"]
    look(parted)
    once = Path(shutil.copytree(small_ingested_home, tmp_path / "once", symlinks=True))
    ingest(once, next_day)
    look(once)
    ended = told(parted).set_index("event_id").loc[went_on["event_id"]]
    assert (ended["end"].notna() & ~ended["retracted"]).any()
    standing = [told(home).query("~retracted").reset_index(drop=True) for home in (parted, once)]
    pd.testing.assert_frame_equal(*standing)
