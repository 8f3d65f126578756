"""Record what the project makes of fixed inputs, and compare two such records.

    python tests/benchmarks/same.py record OUT [--quick] [--week]
    python tests/benchmarks/same.py compare A B

`record` gives the nightly exercise (with ``--quick`` a smaller night in its place), with ``--week``
the exercise week night by night, and the real feeds beside the checkout (those that are there) to
the command, each in a fresh home, and keeps what came of it: products, the patrol plan, the
manifest, each table of the store; and what each detector makes of its cases. `compare` says byte
for byte whether two records are the same, else where they differ: file, column, row. What names a
commit, a folder or a hash of the code's configuration isn't kept. Run it before and after a change
that must change nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pytest

from detectors.core import events

ROOT: Final = Path(__file__).resolve().parents[2]
FEEDS: Final = ROOT.parent / "shared" / "feeds"
REAL: Final = {
    "singapore": "sg_tankers_nus/*.csv",
    "denmark": "dma_csv_sample/aisdk_header.csv",
    "satellite": "sea_exactearth_2012/exact-earth-augmented.txt",
    "america": "noaa_marinecadastre_sample/noaa_test_track.csv",
    "danish_straits": "dma_sample_5min/ais-sample.txt.gz",
}
"""Names of real feeds and where they are; one that is absent is left out."""
NIGHTLY: Final = ("--hours", "24", "--vessels", "300")
QUICK: Final = ("--hours", "12", "--vessels", "120")
WEEK: Final = ("--seed", "7", "--hours", "168", "--vessels", "150")
WEEK_NIGHTS: Final = tuple(f"2026-01-{day:02d}" for day in range(6, 13))
PRODUCTS: Final = (
    "events.csv",
    "events.parquet",
    "events.geojson",
    "flagged.csv",
    "flagged.gpx",
    "flagged.kml",
    "parts.csv",
    "tracks.geojson",
    "plan.csv",
)
PASSING: Final = frozenset({"git_commit", "configuration", "inputs", "made_time", "path", "uri"})
"""Keys and columns that differ from one run, folder or commit to the next."""
NAMES_OF_FILES: Final = ("ledger", "sighting_files")
"""Tables whose `name` is the path of a feed."""
AGREED: Final = (0, 6, 7)
"""Exit codes of a run that ended: complete, partial, nothing to look at."""
SHOWN: Final = 5
"""So many differing rows of a table are printed."""


def main() -> int:
    """Record or compare, as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    record_parser = commands.add_parser("record", help="run the fixed inputs, keep what came of it")
    record_parser.add_argument("out", type=Path)
    record_parser.add_argument("--quick", action="store_true", help="12 h and 120 vessels")
    record_parser.add_argument("--week", action="store_true", help="the exercise week too")
    record_parser.add_argument("--only", nargs="+", default=[], help="only inputs of these names")
    compare_parser = commands.add_parser("compare", help="say what differs between two records")
    compare_parser.add_argument("one", type=Path)
    compare_parser.add_argument("other", type=Path)
    given = parser.parse_args()
    if given.command == "record":
        return record(given.out, quick=given.quick, week=given.week, only=given.only)
    differences = list(compare(given.one, given.other))
    for line in differences or ["the same"]:
        sys.stdout.write(f"{line}\n")
    return 1 if differences else 0


# ---- record


def record(out: Path, *, quick: bool, week: bool, only: Sequence[str]) -> int:
    """Run all inputs, each in a home of its own below `out`; 1 where one failed."""
    out = out.resolve()  # the cases are run from another folder
    out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, how in inputs(out, quick=quick, week=week):
        if only and name not in only:
            continue
        sys.stderr.write(f"{name} …\n")
        try:
            how(out / name)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            failed.append(name)
            sys.stderr.write(f"{name}: {error}\n")
    return 1 if failed else 0


def inputs(out: Path, *, quick: bool, week: bool) -> Iterator[tuple[str, Any]]:
    """The names of all inputs, each with what makes its record."""
    yield "cases", cases
    options = QUICK if quick else NIGHTLY
    yield "night", lambda to: nightly(to, simulated(out / "feeds" / "night", options))
    if week:
        yield "week", lambda to: nights(to, simulated(out / "feeds" / "week", WEEK))
    for name, pattern in REAL.items():
        found = sorted(FEEDS.glob(pattern))
        if found:
            yield name, lambda to, found=found: nightly(to, found, "--area", "all")


def simulated(folder: Path, options: Sequence[str]) -> list[Path]:
    """A simulated feed, made where it isn't there already."""
    if not (folder / "truth.json").exists():
        run("exercise", "simulate", str(folder), *options)
    return [folder / "feed.nmea.gz"]


def nightly(to: Path, feeds: Sequence[Path], *options: str) -> None:
    """Keep what one run makes of some feeds, and a plan for what it flagged."""
    home = to / "home"
    sightings = feeds[0].parent / "sightings.csv"
    asked = [part for feed in feeds for part in ("--feed", str(feed))]
    asked += ["--sightings", str(sightings)] if sightings.exists() else []
    run("nightly", *asked, *options, "--home", str(home), "--quiet")
    if (home / "latest").exists():
        run("plan", "--home", str(home), "--iterations", "50", "--quiet", fails=True)
    keep(home, to)


def nights(to: Path, feeds: Sequence[Path]) -> None:
    """Keep what the seven nights of a week make."""
    home = to / "home"
    run("ingest", *map(str, feeds), "--home", str(home), "--quiet")
    for night in WEEK_NIGHTS:
        run("detect", "--date", night, "--home", str(home), "--quiet")
    keep(home, to)


def run(*arguments: str, fails: bool = False) -> None:
    """Run the command of this checkout."""
    call = "import sys; from pipelines.cli.main import main; sys.exit(main())"
    paths = {"PYTHONPATH": str(ROOT)}
    asked = [sys.executable, "-c", call, *arguments]
    ended = subprocess.run(
        asked, cwd=ROOT, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    if ended.returncode not in AGREED and not fails:
        raise RuntimeError(f"{' '.join(arguments)}: {ended.returncode}\n{ended.stderr[-2000:]}")


def keep(home: Path, to: Path) -> None:
    """Keep the products of all runs of a home, their manifests, and the tables of its store."""
    for folder in sorted(home.glob("runs/*")):
        kept = to / "runs" / folder.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in PRODUCTS:
            if (folder / name).exists():
                (kept / name).write_bytes((folder / name).read_bytes())
        manifest = json.loads((folder / "manifest.json").read_text())
        (kept / "manifest.json").write_text(json.dumps(stripped(manifest), indent=1))
    tables = to / "store"
    tables.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home / "store" / "catalogue.duckdb"), read_only=True) as store:
        asked = "select table_name from information_schema.tables where table_type = 'BASE TABLE'"
        for (name,) in store.execute(asked).fetchall():
            frame = store.execute(f'select * from "{name}" order by all').df()
            passing = PASSING | ({"name"} if name in NAMES_OF_FILES else set())
            frame = frame.drop(columns=[c for c in frame if c in passing])
            if "manifest" in frame:
                told = [json.dumps(stripped(json.loads(m))) for m in frame["manifest"]]
                frame["manifest"] = told
            frame.to_csv(tables / f"{name}.csv", index=False)


def stripped(value: Any) -> Any:
    """A manifest without what passes."""
    if isinstance(value, dict):
        return {key: stripped(each) for key, each in value.items() if key not in PASSING}
    return value


class Recorder:
    """A pytest plugin: keeps what detectors find in each test, whoever asks them."""

    def __init__(self, to: Path) -> None:
        self.to = to
        self.test = ""
        self.found: list[pd.DataFrame] = []

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin a test."""
        self.test, self.found = item.name, []

    def pytest_runtest_teardown(self) -> None:
        """End a test: all that was found in it, in order."""
        if self.found:
            name = "".join(c if c.isalnum() else "_" for c in self.test)
            events.written(pd.concat(self.found)).to_csv(self.to / f"{name}.csv", index=False)

    def pytest_collection_finish(self) -> None:
        """Listen to all looks."""
        from detectors.core import run

        look: Any = run.look

        def heard(*arguments: Any) -> pd.DataFrame:
            found: pd.DataFrame = look(*arguments)
            self.found.append(found.assign(ordinal=len(self.found)))
            return found

        run.look = heard  # type: ignore[assignment]  # a stand-in with any arguments


def cases(to: Path) -> None:
    """Keep what each detector finds in its cases and on the stage of the contract suite."""
    to.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    files = ["tests/detectors/test_cases.py", "tests/detectors/test_contract.py"]
    chosen = "test_case or finds_something or has_no_dateline or no_layer_reaches"
    asked = [*files, "-q", "-p", "no:cacheprovider", "-n", "0", "-k", chosen]
    ended = pytest.main(asked, plugins=[Recorder(to)])
    if ended:
        raise RuntimeError(f"the cases failed: {ended}")


# ---- compare


def compare(one: Path, other: Path) -> Iterator[str]:
    """Each difference between two records, in words."""
    here, there = ({str(path.relative_to(root)) for path in kept(root)} for root in (one, other))
    yield from (f"only in {one}: {name}" for name in sorted(here - there))
    yield from (f"only in {other}: {name}" for name in sorted(there - here))
    if not here & there:
        yield "nothing to compare"
    for name in sorted(here & there):
        a, b = one / name, other / name
        if a.read_bytes() != b.read_bytes():
            yield from differing(name, a, b)


def kept(root: Path) -> Iterator[Path]:
    """The files of a record; feeds and homes, from which they were made, aside."""
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and parts[0] != "feeds" and "home" not in parts:
            yield path


def differing(name: str, one: Path, other: Path) -> Iterator[str]:
    """In what two files differ that aren't the same bytes."""
    if one.suffix not in (".csv", ".parquet"):
        yield f"{name}: differs"
        return
    a, b = (table(path) for path in (one, other))
    if list(a.columns) != list(b.columns):
        yield f"{name}: columns {sorted(set(a.columns) ^ set(b.columns)) or 'in another order'}"
        return
    if len(a) != len(b):
        yield f"{name}: {len(a)} rows and {len(b)}"
        if "event_id" in a:
            ids = set(a["event_id"]) ^ set(b["event_id"])
            yield f"{name}: only in one of them: {', '.join(sorted(map(str, ids))[:SHOWN])}"
        return
    same = True
    for column in a.columns:
        mine, theirs = a[column], b[column]
        apart = [i for i, (x, y) in enumerate(zip(mine, theirs, strict=True)) if x != y]
        same &= not apart
        for i in apart[:SHOWN]:
            key = a["event_id"].iloc[i] if "event_id" in a else i
            yield f"{name}: {column} of {key}: {mine.iloc[i]!r} and {theirs.iloc[i]!r}"
        if len(apart) > SHOWN:
            yield f"{name}: {column}: {len(apart)} rows in all"
    if same:
        yield f"{name}: the same values in other bytes"


def table(path: Path) -> pd.DataFrame:
    """A table with all values as text."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        if "geometry" in frame:
            frame["geometry"] = [shape.hex() for shape in frame["geometry"]]
        return frame.astype("str").fillna("")
    return pd.read_csv(path, dtype="str", keep_default_na=False)


if __name__ == "__main__":
    sys.exit(main())
