"""The command, run in this process."""

import base64
import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from detectors.surroundings.zones import Zones
from pipelines.cli.main import main

if TYPE_CHECKING:
    from pipelines.flows.server import Server


def land_only(shapes: list[shapely.Geometry]) -> Zones:
    """Land and nothing else."""
    land = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    return Zones(Zones.none().frame, land, shapely.Polygon())


def holds_its_policy(html: str) -> None:
    """A page runs and looks only as its policy names by hash, and asks for nothing."""
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    assert rules.pop("img-src") == "data:"
    [sheet] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert rules.pop("style-src") == hashed(sheet)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert rules.pop("script-src", "") == " ".join(map(hashed, scripts))
    assert not rules
    assert html.count("<script") == len(scripts) + html.count('<script type="application/json"')
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    assert not re.search(r"<[^>]+\s(style|on\w+|src|action)=", bare)
    assert "http:" not in bare
    assert "https:" not in bare


def hashed(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@dataclass
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def selat(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run `selat` with these arguments."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["selat", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


_RUNNING = ExitStack()
"""Prefect's server, which works also while nobody asks it: it ends with the last test that does."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    if "prefect_server" not in getattr(nextitem, "fixturenames", ()):
        _RUNNING.close()


@pytest.fixture(scope="session")
def served_home(
    tmp_path_factory: pytest.TempPathFactory, with_records: Callable[[Path], Path]
) -> "Callable[[], tuple[Path, Server]]":
    """Give a home with a server, which takes seconds to start."""
    from pipelines.base.settings import load
    from pipelines.flows.environment import prepare
    from pipelines.flows.server import new_auth, started_server

    running: list[tuple[Path, Server]] = []

    def give() -> "tuple[Path, Server]":
        if not running:
            home = with_records(tmp_path_factory.mktemp("prefect"))
            prepare(home)
            server, _ = _RUNNING.enter_context(started_server(load(home), new_auth()))
            _RUNNING.callback(running.clear)
            running.append((home, server))
        return running[0]

    return give


@pytest.fixture
def prefect_server(served_home: "Callable[[], tuple[Path, Server]]") -> Iterator[None]:
    """That server for what runs in this process, as PREFECT_API_URL names one."""
    from pipelines.flows.environment import prepare
    from pipelines.flows.server import used

    home, server = served_home()
    prepare(home)
    with used(server):
        yield
