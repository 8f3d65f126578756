"""Whoever reaches Dask's ports gets nothing; nor does a scheduler that isn't known."""

import http.client
import importlib.util
import logging
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from detectors.core.errors import ConfigError
from pipelines.base.settings import DaskSettings
from pipelines.detect.spread.engines import engine, refuse_plain

ELSEWHERE = (
    "tcp://192.0.2.10:8786",
    "192.0.2.10:8786",
    "ucx://host:1",
    "ws://192.0.2.1:1",
    "host:1",
    "tcp://127.0.0.1.evil.example:1",
    "tcp://localhost@192.0.2.1:1",
    "tcp://[2001:db8::1]:1",
)
HERE = ("tcp://127.0.0.1:8786", "127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786")


@pytest.mark.parametrize("scheduler", ELSEWHERE)
def test_a_scheduler_elsewhere_without_tls_is_refused_unless_told(scheduler: str) -> None:
    with pytest.raises(ConfigError, match="speaks no TLS") as refused:
        refuse_plain(scheduler, DaskSettings())
    assert "tls://" in refused.value.hint
    with pytest.raises(ConfigError), engine("dask", scheduler, 1):
        pass
    refuse_plain(scheduler, DaskSettings(plain=True))


@pytest.mark.parametrize("scheduler", HERE)
def test_a_scheduler_on_loopback_may_be_plain(scheduler: str) -> None:
    refuse_plain(scheduler, DaskSettings())


def test_certificates_are_there_and_the_key_is_ours_alone(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("ca", "cert", "key")}
    given = {name: str(path) for name, path in paths.items()}
    for path in paths.values():
        path.touch(0o600)
    refuse_plain("tls://192.0.2.10:8786", DaskSettings(**given))
    refuse_plain("tls://192.0.2.10:8786", DaskSettings())  # Dask's own configuration has them
    with pytest.raises(ConfigError, match=r"dask\.key"):
        refuse_plain("tls://192.0.2.10:8786", DaskSettings(ca=given["ca"], cert=given["cert"]))
    paths["key"].chmod(0o644)
    with pytest.raises(ConfigError, match="others may read the key"):
        refuse_plain("tls://192.0.2.10:8786", DaskSettings(**given))


def listening() -> set[Any]:
    """Where this process and those that it started listen."""
    us = psutil.Process()
    return {
        one.laddr
        for process in (us, *us.children(recursive=True))
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    }


@pytest.mark.slow
def test_a_cluster_of_our_own_speaks_to_nobody_else() -> None:
    from distributed import Client
    from distributed.security import Security

    before = listening()  # what other tests have running
    with engine("dask", None, 1) as chosen:
        address = chosen.client.scheduler.address  # type: ignore[attr-defined]
        assert address.startswith("tls://127.0.0.1:")
        assert chosen.submit(sum, [1, 2]).result() == 3
        # Nor does it fill the screen of whoever started it, whatever Prefect shows of others' logs.
        assert not logging.getLogger("distributed.scheduler").isEnabledFor(logging.WARNING)
        for other in (None, Security.temporary()):
            plain = address if other else address.replace("tls://", "tcp://")
            with pytest.raises(OSError, match=r"(?s)."):
                Client(plain, timeout=2, security=other)
        ports = listening() - before
        assert {port.ip for port in ports} == {"127.0.0.1"}
        for port in ports:
            assert answers(port.port) in {404, None}, port


def answers(port: int) -> int | None:
    """The lowest status of the pages that Dask would have; None if it speaks no HTTP."""
    found = []
    for path in (
        "/",
        "/status",
        "/health",
        "/metrics",
        "/info/main/workers.html",
        "/json/counts.json",
        "/api/v1/get_workers",
        "/eventstream",
    ):
        one = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            one.request("GET", path)
            found.append(one.getresponse().status)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            one.close()
    return min(found)


@pytest.mark.slow
def test_a_worker_imports_nothing_from_where_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may be anybody's folder, such as one of feeds."""
    text = "import pathlib\npathlib.Path({0!r}).touch()\nraise ImportError\n"
    ran = tmp_path / "ran"
    monkeypatch.chdir(tmp_path)
    for name in ("multiprocessing", "runpy", "signal"):
        (tmp_path / f"{name}.py").write_text(text.format(str(ran)))
    with engine("dask", None, 1) as chosen:
        assert chosen.submit(sum, [1, 2]).result() == 3
    assert not ran.exists()


@pytest.mark.slow
def test_what_another_account_has_where_dask_works_by_itself_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes that folder of a known name first owns what is put there: its locks may lead to
    our files, which opening them empties, and it is the first that Dask has modules imported from.
    """
    ours, theirs = tmp_path / "catalogue.duckdb", tmp_path / "dask-scratch-space"
    ours.write_bytes(b"positions")
    theirs.mkdir(0o777)
    for name in ("global.lock", "purge.lock"):
        (theirs / name).symlink_to(ours)
    (theirs / "of_theirs.py").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("sys.path", [*sys.path])
    with engine("dask", None, 1) as chosen:
        place, imports = chosen.submit(_place_and_imports, str(theirs)).result()
        [private] = tmp_path.glob("selat-dask-*")
        assert Path(place).is_relative_to(private)
        assert private.stat().st_mode & 0o077 == 0
        assert not imports
        assert importlib.util.find_spec("of_theirs") is None
    assert ours.read_bytes() == b"positions"
    assert len(list(theirs.iterdir())) == 3
    assert not private.exists()
    assert not any(one.startswith(str(private)) for one in sys.path)  # anybody may make it anew


def _place_and_imports(folder: str) -> tuple[str, bool]:
    from distributed import get_worker

    return get_worker().local_directory, folder in sys.path
