"""What reading a home of many nights costs: python tests/benchmarks/nights.py HOME [--nights 150].

A copy of a home gets its newest run again for so many nights before it: the run's events, which
have ended there, flags and incidents, under names of their own. Then each question that a person
asks is asked of the home as it was and of the copy, each in a process of its own: CPU seconds and
peak memory. What grows with the nights reads more than it is asked for.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipelines import store
from pipelines.ask import desk, recall
from pipelines.ask.recall.changes import changes
from pipelines.base.settings import load

TABLES = ("runs", "run_events", "event_revisions", "events", "flags", "incidents")
TIMES = frozenset({"start", "end", "last_seen"})
JOINED = frozenset({"events", "event_ids"})
"""Columns that name several events."""


def main() -> None:
    """Make the copy, ask both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--nights", type=int, default=150)
    parser.add_argument("--ask", help="ask one question in this process")
    given = parser.parse_args()
    if given.ask:
        began_s = time.process_time()
        QUESTIONS[given.ask](given.home)
        cpu_s = time.process_time() - began_s
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        peak_kb = int(status.split("VmHWM:")[1].split()[0])  # getrusage tells the parent's too
        sys.stdout.write(json.dumps({"cpu_s": cpu_s, "peak_gb": peak_kb / 1e6}))
        return
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        for home in (few, many):
            shutil.copytree(given.home, home, symlinks=True)
        age(many, given.nights)
        sys.stdout.write(f"{'':12}{'as it is':>18}{f'{given.nights} nights more':>22}\n")
        for name in QUESTIONS:
            told = [asked(home, name) for home in (few, many)]
            sys.stdout.write(f"{name:12}" + "".join(f"{one:>20}" for one in told) + "\n")


def asked(home: Path, name: str) -> str:
    """Ask in a process of its own."""
    command = [sys.executable, __file__, str(home), "--ask", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    said = json.loads(done.stdout.splitlines()[-1])
    return f"{said['cpu_s']:.1f} s {said['peak_gb']:.2f} GB"


def age(home: Path, nights: int) -> None:
    """Copy the newest run of a home into so many nights before it."""
    found = load(home)
    with store.write(found.store, found.settings.store) as writer:
        run_id = str(writer.runs()["run_id"].iloc[-1])
        connection = writer.connection
        connection.begin()
        connection.execute(f"UPDATE runs SET ordinal = ordinal + {nights}")
        for table in TABLES:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
            told = ", ".join(f'{_aged(name, nights)} AS "{name}"' for name in columns)
            where = (
                "event_id IN (SELECT event_id FROM run_events WHERE run_id = $run_id)"
                if table == "events"
                else "run_id = $run_id"
            )
            connection.execute(
                f"INSERT INTO {table} BY NAME SELECT {told} "
                f"FROM {table}, range(1, {nights + 1}) AS nights(k) WHERE {where}",
                {"run_id": run_id},
            )
        connection.commit()
        writer.publish()


def _aged(name: str, nights: int) -> str:
    """Return a column of a night's, `k` nights before."""
    of = "substr(md5({} || k), 1, 16)"
    if name in JOINED:
        each = of.format("one")
        return (
            f"array_to_string(list_transform(string_split({name}, ';'), lambda one: {each}), ';')"
        )
    if name in {"run_id", "first_run_id"}:
        return f"{name} || '-' || k"
    if name in {"event_id", "incident_id"}:
        return of.format(name)
    if name == "ordinal":
        return f"{nights + 1} - k"
    if name == "end":
        return 'coalesce("end", start + INTERVAL 1 HOUR) - to_days(k::INTEGER)'
    return f'"{name}" - to_days(k::INTEGER)' if name in TIMES else f'"{name}"'


def open_night(home: Path) -> None:
    """Open the newest night, as a notebook and the desk do."""
    desk.night(home)


def since(home: Path) -> None:
    """Tell what the newest run changed."""
    found = load(home)
    with store.read(found.store, found.settings.store) as reader:
        runs = reader.runs()["run_id"].tolist()
        changes(reader, *(recall.moment(reader, one) for one in runs[-2:]))


def incident(home: Path) -> None:
    """Tell the events of an incident."""
    found = load(home)
    with store.read(found.store, found.settings.store) as reader:
        now = recall.latest(reader)
        recall.events_of(reader, reader.incidents(now.run_id).iloc[:1], now)


def published(home: Path) -> None:
    """Publish the store once more, as each conclusion and each look does."""
    found = load(home)
    with store.write(found.store, found.settings.store) as writer:
        writer.publish()


QUESTIONS: dict[str, Callable[[Path], None]] = {
    "night": open_night,
    "since": since,
    "incident": incident,
    "published": published,
}

if __name__ == "__main__":
    main()
