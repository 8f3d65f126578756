"""Nothing that others wrote reaches a terminal or a log as anything but text that can be seen."""

import io
import json
import logging
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console
from rich.progress import Progress

from pipelines.base import terminal
from pipelines.base.settings import PROJECT
from pipelines.base.terminal import CleanStream
from pipelines.base.visible import clean, clean_lines

HOSTILE = (
    "\x1b]0;pwned\x07\x1b[2J\x1b[31mred\x1b]8;;http://evil\x1b\\link\x9b31m\x90\u202eevil\u2066"
    "\u200b\ufeff\u00ad\U000e0041\U000e007f\u2028\x7f\x08\r[red]markup[/][link=http://x]y[/link]"
)
"""All kinds at once: titles, colours, links, C1, bidi, zero width, tags, backspaces, markup."""
FILE = HOSTILE.replace("/", ":")
BAR = re.compile(r"\r|\x1b\[(\?25[hl]|2K|1A)")
"""How Rich moves a bar."""
SGR = re.compile(r"\x1b\[[0-9;]*m")


def assert_visible(text: str, *, colours: bool = False) -> None:
    """Only what can be seen, line ends and tabs; on a terminal our own colours too."""
    text = SGR.sub("", text) if colours else text
    wrong = {
        f"U+{ord(c):04X}"
        for c in text
        if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}
    }
    assert not wrong, text


@pytest.fixture(scope="module")
def hostile_home(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose every text was written by somebody hostile."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    shutil.copytree(small_home, home, symlinks=True)
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as store:
        for table, columns in {
            "ledger": ("name",),
            "statics": ("name", "callsign", "destination"),
            "events": ("reason", "zone_id"),
            "event_revisions": ("reason", "zone_id"),
            "flags": ("name", "reasons"),
        }.items():
            for column in columns:
                store.execute(f"UPDATE {table} SET {column} = $t", {"t": HOSTILE})
        store.execute(
            "INSERT INTO sighting_files SELECT 'k', 's', $t, now(), now(), $r",
            {
                "t": HOSTILE,
                "r": json.dumps(
                    {"format": "CSV", "rows_read": 1, "sightings": 1, "rejected": {HOSTILE: 1}}
                ),
            },
        )
        store.execute(
            "INSERT INTO dispositions SELECT 'd-1', now(), $t, event_id, kind, mmsi, other_mmsi, "
            "start, \"end\", lat, lon, 'boarded', $t, NULL, NULL, '[]' FROM events LIMIT 1",
            {"t": HOSTILE},
        )
        store.execute(
            "INSERT INTO operations SELECT $t, now(), now(), $t, 'POLYGON((100 1,104 1,104 4,100 1"
            "))', $t, $t, now()",
            {"t": HOSTILE},
        )
    (home / "FAILED").write_text(HOSTILE)
    manifest = home / "latest" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["failures"] = {HOSTILE: HOSTILE}
    told["held_back"] = [HOSTILE]
    manifest.write_text(json.dumps(told))
    return home


@pytest.fixture(scope="module")
def event(hostile_home: Path) -> dict[str, Any]:
    with duckdb.connect(str(hostile_home / "store" / "catalogue.duckdb")) as store:
        [(event_id, mmsi)] = store.execute(
            "SELECT event_id, mmsi FROM events ORDER BY score DESC LIMIT 1"
        ).fetchall()
    return {"event": event_id, "mmsi": mmsi}


SHOWING = (
    "status",
    "doctor",
    "flagged",
    "store feeds",
    "store check",
    "explain {event}",
    "explain {mmsi}",
    "vessel {mmsi}",
    "find {hostile}",
    "since 2020-01-01",
    "sightings list",
    "sightings list --files",
    "disposition list",
    "operation list",
    "operation report {hostile}",
    "exports",
    "learn review",
    "explain {hostile}",
    "flagged --as-of {hostile}",
    "ingest {hostile}",
    "nightly --feed {plain}",
    "detect --date {hostile}",
    "ingest x --area {hostile}",
    "ingest x --mapping {hostile}",
    "store delete {hostile}",
    "verify {hostile}",
    "{hostile}",
    "status --{hostile}",
    "vessel {hostile}",
    "plan --units {hostile}",
    "export --to {hostile}",
    "backup {hostile} --verify",
    "sightings import {hostile}",
    "listen {hostile}",
    "status --config {hostile}",
)


@pytest.mark.parametrize("command", SHOWING)
def test_no_command_lets_it_through(
    command: str,
    hostile_home: Path,
    event: dict[str, Any],
    selat: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    # Without what makes a pattern of it, so that the flow isn't begun.
    plain = HOSTILE.replace("[", "(")
    words = [word.format(hostile=HOSTILE, plain=plain, **event) for word in command.split()]
    place = () if command in ("{hostile}",) else ("--home", hostile_home)
    if words[0] == "verify":
        place = ()
    ran = selat(*words, *place)
    assert ran.out + ran.err
    for text in (ran.out, ran.err):
        assert_visible(text)
    # Nor is it obeyed as markup: where the beginning is told, the end is as it was written.
    assert "markup[/]" in (ran.out + ran.err).replace("\n", "") or "markup" not in ran.out


@pytest.mark.parametrize(
    "command",
    ["store feeds", "flagged", "explain {event}", "doctor", "disposition list", "vessel {mmsi}"],
)
def test_json_stays_what_it_says(
    command: str, hostile_home: Path, event: dict[str, Any], selat: Callable[..., Any]
) -> None:
    words = [word.format(**event) for word in command.split()]
    ran = selat(*words, "--home", hostile_home, "--json")
    assert_visible(ran.out)
    told = json.loads(ran.out)
    if command == "store feeds":
        assert [feed["name"] for feed in told] == [HOSTILE]


@pytest.mark.parametrize("name", [FILE, "a\nerror: all is well", os.fsdecode(b"a\xff\x9b2Jb")])
def test_feeds_with_hostile_names(tmp_path: Path, selat: Callable[..., Any], name: str) -> None:
    feed, home = tmp_path / f"{name}.csv", tmp_path / "home"
    header = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
    header += "Length,Width,Draft,Cargo,TransceiverClass\n"
    feed.write_text(header + "533000001,2026-01-05T12:00:00,3,100.5,8,3,3,X,,,,,,,,,A\n")
    (tmp_path / f"{name}.txt").write_text("no feed")
    for arguments in (("ingest", tmp_path), ("ingest", "--dry-run", feed), ("store", "feeds")):
        ran = selat(*arguments, "--home", home)
        assert ran.code == 0
        assert_visible(ran.out + ran.err)
        assert not [line for line in ran.err.splitlines() if line.startswith("error: all")]
    assert len(json.loads(selat("store", "feeds", "--json", "--home", home).out)) == 1


# ---- the streams


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Tty:
    """Both streams are one terminal, guarded; pytest puts its own back after a fixture."""
    tty = Tty()
    monkeypatch.setattr(sys, "stdout", tty)
    monkeypatch.setattr(sys, "stderr", tty)
    monkeypatch.setenv("TERM", "xterm")
    terminal.guard()
    return tty


def test_whoever_writes_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = on_terminal(monkeypatch)
    sys.stdout.write(HOSTILE)
    sys.stdout.writelines([HOSTILE, "\n"])
    sys.stderr.write(HOSTILE)
    logging.StreamHandler().emit(
        logging.LogRecord("x", logging.ERROR, "p", 1, "%s", (HOSTILE,), None)
    )
    sys.stderr.write(warnings.formatwarning(HOSTILE, UserWarning, "file", 1))
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        sys.excepthook(*sys.exc_info())
    assert_visible(streams.getvalue())
    assert streams.getvalue().count("[U+202E]evil") >= 5


def test_colours_are_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = on_terminal(monkeypatch)
    console = Console(force_terminal=True, color_system="standard")
    console.print("ours", style="bold red")
    console.print(HOSTILE, markup=False, highlight=False)
    text = streams.getvalue()
    assert "\x1b[1;31mours\x1b[0m" in text
    assert "[31mred" in text
    assert "\x1b[31mred" not in text
    assert_visible(text, colours=True)


def test_a_bar_moves_and_what_it_says_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = on_terminal(monkeypatch)
    with Progress(console=Console(stderr=True, force_terminal=True)) as bar:
        bar.add_task(clean_lines("Reading x"), total=3)
        sys.stdout.write(HOSTILE + "\n")
        bar.console.print(HOSTILE, markup=False, highlight=False)
    text = streams.getvalue()
    assert "\x1b[?25l" in text  # the bar's own
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


def test_reports_of_progress_know_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = on_terminal(monkeypatch)
    from pipelines.base.progress import reporter

    with reporter() as report, report.bar("Reading [red]x[/red] [/]", 3) as bar:
        bar.to(1, 3)
        report.step(f"+ {HOSTILE}\nerror: forged")
    assert "[red]x[/red] [/]" in SGR.sub("", streams.getvalue())
    assert "\nerror: forged" not in streams.getvalue()


def test_guarding_twice_is_guarding_once(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    once = sys.stdout
    terminal.guard()
    assert sys.stdout is once
    assert isinstance(once, CleanStream)
    assert once.isatty()
    assert once.write("abc\u202e") == 4


def test_bytes_pass_as_they_are() -> None:
    raw = io.BytesIO()
    stream = CleanStream(io.TextIOWrapper(raw, encoding="ascii"))
    stream.buffer.write(b"\x00\xff\x1b")
    stream.write("é\ud800\x1b")
    stream.flush()
    assert raw.getvalue() == b"\x00\xff\x1b\\xe9[U+D800][U+001B]"
    assert stream.encoding == "utf-8"


def test_every_character_that_is_not_seen_is_shown() -> None:
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
    codes = [n for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in unseen]
    assert len(codes) > 900_000
    for code in range(0x10000):  # each by itself; of those that are no characters yet a part
        kind = unicodedata.category(chr(code))
        if kind in unseen and (kind not in {"Co", "Cn", "Cs"} or code % 16 == 15):
            assert clean(chr(code)) == f"[U+{code:04X}]"
            if chr(code) not in "\n\t":
                assert clean_lines(chr(code)) == f"[U+{code:04X}]"
    text = "x".join(map(chr, codes))
    shown = [f"[U+{code:04X}]" for code in codes]
    assert clean(text) == "x".join(shown)
    kept = [chr(n) if chr(n) in "\n\t" else word for n, word in zip(codes, shown, strict=True)]
    assert clean_lines(text) == "x".join(kept)


def test_a_real_terminal(tmp_path: Path) -> None:
    """The command itself on a pseudo-terminal: colours of the error, nothing of the argument."""
    ours, theirs = pty.openpty()
    code = "import sys; from pipelines.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "ingest", FILE, "--home", str(tmp_path)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                said += os.read(ours, 4096)
            except OSError:
                break
        assert process.wait(60) == 3
    os.close(ours)
    text = said.decode().replace("\r\n", "\n")
    assert "\x1b[31merror" in text
    text = BAR.sub("", text)
    assert_visible(text, colours=True)
    assert "\x1b[31mred" not in text


def test_what_is_no_text_is_asked_for_nowhere(
    hostile_home: Path, selat: Callable[..., Any]
) -> None:
    """Neither in the store, which takes it for no text, nor in its log."""
    reason = ("--as", "watch", "--reason", "half\udcff", "--by", "KD")
    for given in (("explain", "\udcff"), ("disposition", "add", "3f2a", *reason)):
        told = selat(*given, "--home", hostile_home)
        assert (told.code, "isn't UTF-8 text" in told.err) == (2, True)


def test_a_file_that_is_called_by_no_text_is_read(
    tmp_path: Path, selat: Callable[..., Any]
) -> None:
    feed = tmp_path / os.fsdecode(b"\xff.csv")
    feed.write_text("mmsi,time,lat,lon\n533000001,2026-01-05T17:00:00Z,3.1,100.5\n")
    assert selat("ingest", feed, "--home", tmp_path / "home").code == 0
    taken = selat("nightly", f"--feed={feed}", "--home", tmp_path / "home", "--plain")
    assert "isn't UTF-8 text" not in taken.err
